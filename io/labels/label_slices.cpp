// Comparing what label objects refer to with where they lie.
#include "io/labels/label_slices.h"

#include "io/dicom/dicom_header.h"

namespace ctforge::io {

LabelSlices::LabelSlices(std::span<const std::string> files) {
  for (std::size_t slice = 0; slice < files.size(); ++slice) {
    const std::string uid = read_dicom_file(files[slice]).header.object_uid;
    if (!uid.empty()) slices_.emplace(uid, static_cast<std::int64_t>(slice));
  }
}

void LabelSlices::expect(const std::vector<std::string>& uids, std::int64_t slice) const {
  bool known = false;
  for (const std::string& uid : uids) {
    const auto found = slices_.find(uid);
    if (found == slices_.end()) continue;
    if (found->second == slice) return;
    known = true;
  }
  if (known)
    throw DataError(Fault::LabelMismatch, "the images it refers to lie elsewhere than its own positions: at slice " +
                                              std::to_string(slice + 1) + " it refers to others");
}

}  // namespace ctforge::io
