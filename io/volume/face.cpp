// Body parts of the face, and how fine a series must be to render one.
#include "io/volume/face.h"

#include <algorithm>
#include <array>

namespace ctforge::io {

namespace {

// Defined terms of PS3.16 annex L.
constexpr std::array<std::string_view, 21> kFaceParts = {
    "BRAIN", "CHEEK", "CIRCLEOFWILLIS", "CORNEA", "EAR",   "EYE",       "EYELID",
    "FACE",  "HEAD",  "HEADNECK",       "IAC",    "JAW",   "MAXILLA",   "MOUTH",
    "NOSE",  "ORBIT", "PAROTID",        "SCALP",  "SKULL", "WHOLEBODY", "ZYGOMA"};
constexpr double kWidestPixel = 2, kWidestGap = 5, kNarrowestView = 100, kShortestView = 40;  // mm

}  // namespace

bool can_show_face(std::string_view body_part, const Geometry& geometry) {
  if (std::find(kFaceParts.begin(), kFaceParts.end(), body_part) == kFaceParts.end()) return false;
  const auto extent_mm = [&](std::size_t axis) {
    return static_cast<double>(geometry.size[axis]) * geometry.spacing_mm[axis];
  };
  return std::max(geometry.spacing_mm[0], geometry.spacing_mm[1]) <= kWidestPixel &&
         geometry.spacing_mm[2] <= kWidestGap && std::min(extent_mm(0), extent_mm(1)) >= kNarrowestView &&
         extent_mm(2) >= kShortestView;
}

}  // namespace ctforge::io
