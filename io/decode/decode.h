// What the child process does: reads the voxels a request names into memory shared with its parent.
#pragma once

#include "io/decode/decode_protocol.h"

#include <cstddef>
#include <span>

namespace ctforge::io {

// voxels: request.voxels() int16 HU or uint8 labels, [z,y,x]. Fills the reply's geometry for volume files.
// Throws DataError with what is wrong with the files.
void decode(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply);

// A NIfTI file's voxels, expanded slice by slice. Throws DataError as read_nifti_header() does, and NotFinite,
// HuOutOfRange, LabelMismatch or TruncatedFile.
void decode_nifti(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply);

// A NRRD or MetaImage file through ITK; with task ItkHeader only the geometry.
void decode_itk(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply);

// The structures of a DICOM SEG or RTSTRUCT as uint8 labels on the CT's grid.
void decode_label_object(const DecodeRequest& request, std::span<std::byte> voxels);

// DICOM slices, request.threads at a time.
void decode_dicom(const DecodeRequest& request, std::span<std::byte> voxels);

}  // namespace ctforge::io
