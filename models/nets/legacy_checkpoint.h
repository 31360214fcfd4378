// Reads the weights in a file that torch.save wrote before PyTorch 1.6: five pickles (magic number, protocol version,
// system information, the state dictionary, storage keys), then each storage as an int64 length and raw data.
// Nothing in the file is executed: the reader knows dictionaries, tuples, numbers, strings and tensors, and refuses
// everything else.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

namespace ctforge::nets {

// Tensors by name, on the CPU. Throws io::DataError(Unreadable) where the file cannot be read, and
// io::DataError(UnsupportedFormat or TruncatedFile) saying what was found where it is not such a file.
std::map<std::string, torch::Tensor> load_legacy_checkpoint(const std::filesystem::path& path);

}  // namespace ctforge::nets
