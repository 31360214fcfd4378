// A reader for the small part of Python's pickle language that weight files use. Data only: names of Python objects
// are kept as text, nothing is looked up, imported or called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctforge::nets {

struct PickleValue {
  enum class Kind { None, Bool, Integer, Bytes, Text, Global, Tuple, List, Dictionary, Persistent, Call };

  Kind kind = Kind::None;
  std::int64_t integer = 0;             // Bool, Integer
  std::string text = {};                // Text; Global as "module name"; Bytes of an integer beyond 64 bits
  std::vector<PickleValue> items = {};  // Tuple, List; Persistent: its identifier; Call: the global, then its arguments
  std::vector<std::pair<PickleValue, PickleValue>> pairs = {};  // Dictionary, in order
};

// Reads the pickle at the start of data (protocol 2, as torch.save writes it) and moves data behind it. A call of a
// global is returned as a Call, except collections.OrderedDict, which is returned as a Dictionary; attributes set on
// an object are dropped. Throws io::DataError(UnsupportedFormat) naming the instruction for any other, and
// (TruncatedFile) where the data ends too early.
PickleValue read_pickle(std::string_view& data);

}  // namespace ctforge::nets
