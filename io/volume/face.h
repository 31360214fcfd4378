// Whether a series could show who somebody is.
#pragma once

#include "io/volume/geometry.h"

#include <string_view>

namespace ctforge::io {

// A surface rendering of these voxels could show a face: BodyPartExamined names the head, a part of it that lies about
// the face, or a region that includes it; slices lie at most 5 mm apart and pixels at most 2 mm; and the field of view
// is at least 100 mm wide in the slices' plane and 40 mm across it, as a face from brow to chin needs. False where the
// body part is not told, as in volume files.
bool can_show_face(std::string_view body_part, const Geometry& geometry);

}  // namespace ctforge::io
