// One image of a DICOM object: where it lies, how large its pixels are, what they mean. Included by io's sources only.
#pragma once

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_header.h"

namespace ctforge::io {

// A classic object: all attributes lie in the data set, and it is one frame. Faults and notes are added to the file's.
void read_single_frame(DcmItem& data, DicomFile& file);

// An enhanced multi-frame object: attributes lie in functional groups (PS3.3 C.7.6.16, C.8.15.3), each in the frame's
// own item or in the one shared by all. Sets pixels.frames. What is wrong with several frames alike is told once.
// Derived values (value 4 of FrameType: C.8.16.1.4) count as HU only where RescaleType says so or the derivation keeps
// HU, as a mean does: perfusion maps are NotCt.
void read_enhanced_frames(DcmItem& data, DicomFile& file);

}  // namespace ctforge::io
