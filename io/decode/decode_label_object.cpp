// One SEG or RTSTRUCT for a request.
#include "io/decode/decode.h"
#include "io/dicom/dicom_contours.h"
#include "io/dicom/dicom_segmentation.h"

#include <stdexcept>

namespace ctforge::io {

void decode_label_object(const DecodeRequest& request, std::span<std::byte> voxels) {
  const auto images = std::span(request.paths).subspan(1);
  if (!request.labels || request.structures.empty())
    throw std::invalid_argument("a request for labels without structures");
  Geometry ct = request.grid;
  ct.size = request.size;
  const LabelSlices slices(images);
  const std::span<std::uint8_t> labels(reinterpret_cast<std::uint8_t*>(voxels.data()),
                                       static_cast<std::size_t>(request.voxels()));
  if (request.task == DecodeTask::Segmentation)
    decode_segmentation(request.paths.front(), ct, request.tilted, request.structures, slices, labels);
  else
    decode_contours(request.paths.front(), ct, request.structures, slices, labels);
}

}  // namespace ctforge::io
