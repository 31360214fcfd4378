// A reader for the small part of Python's pickle language that weight files use. Instructions: Python's pickletools.
#include "models/nets/pickle.h"

#include "io/file/fault.h"

#include <cstring>
#include <unordered_map>

namespace ctforge::nets {

namespace {

using Kind = PickleValue::Kind;

[[noreturn]] void refuse(const std::string& what) {
  throw io::DataError(io::Fault::UnsupportedFormat, "the pickle holds " + what + ", which weight files do not");
}

// A mark is where a tuple, list or dictionary of several items begins on the stack.
class Machine {
 public:
  explicit Machine(std::string_view& data) : data_(data) {}

  PickleValue run() {
    for (std::int64_t instructions = 0;; ++instructions) {
      const char code = take(1)[0];
      if (code == '.') return pop();
      if (!literal(code) && !memory(code) && !container(code)) {
        const auto number = static_cast<int>(static_cast<unsigned char>(code));
        refuse("instruction " + std::to_string(number));
      }
    }
  }

 private:
  std::string_view take(std::size_t count) {
    if (count > data_.size())
      throw io::DataError(io::Fault::TruncatedFile, "the pickle ends before its last instruction");
    const std::string_view taken = data_.substr(0, count);
    data_.remove_prefix(count);
    return taken;
  }

  // Little-endian.
  template <class T>
  T number() {
    T value = 0;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::string_view line() {
    const std::size_t end = data_.find('\n');
    if (end == std::string_view::npos) throw io::DataError(io::Fault::TruncatedFile, "the pickle ends within a name");
    const std::string_view found = take(end + 1);
    return found.substr(0, end);
  }

  void push(PickleValue value) { stack_.push_back(std::move(value)); }
  void push_integer(Kind kind, std::int64_t value) { push({.kind = kind, .integer = value}); }

  PickleValue pop() {
    if (stack_.empty()) refuse("an instruction without its operand");
    PickleValue value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }

  std::vector<PickleValue> pop_count(std::size_t count) {
    if (stack_.size() < count) refuse("an instruction without its operands");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickleValue> values(std::make_move_iterator(first), std::make_move_iterator(stack_.end()));
    stack_.erase(first, stack_.end());
    return values;
  }

  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) refuse("a list without its beginning");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return pop_count(stack_.size() - mark);
  }

  bool literal(char code) {
    switch (code) {
      case '\x80':  // PROTO
        if (const auto protocol = number<std::uint8_t>(); protocol != 2) refuse("protocol " + std::to_string(protocol));
        return true;
      case 'N':
        push({});
        return true;  // NONE
      case '\x88':
        push_integer(Kind::Bool, 1);
        return true;  // NEWTRUE
      case '\x89':
        push_integer(Kind::Bool, 0);
        return true;  // NEWFALSE
      case 'K':
        push_integer(Kind::Integer, number<std::uint8_t>());
        return true;  // BININT1
      case 'M':
        push_integer(Kind::Integer, number<std::uint16_t>());
        return true;  // BININT2
      case 'J':
        push_integer(Kind::Integer, number<std::int32_t>());
        return true;  // BININT
      case '\x8a':
        push_long(take(number<std::uint8_t>()));
        return true;  // LONG1
      case 'X':
        push({.kind = Kind::Text, .text = std::string(take(number<std::uint32_t>()))});
        return true;  // BINUNICODE
      case 'c': {     // GLOBAL
        const std::string module(line());
        push({.kind = Kind::Global, .text = module + " " + std::string(line())});
        return true;
      }
      default:
        return false;
    }
  }

  // Two's complement of any length; beyond 64 bits (the magic number) the bytes themselves.
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push({.kind = Kind::Bytes, .text = std::string(bytes)});
    std::uint64_t value = !bytes.empty() && (bytes.back() & '\x80') != 0 ? ~std::uint64_t{0} : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    push_integer(Kind::Integer, static_cast<std::int64_t>(value));
  }

  bool memory(char code) {
    switch (code) {
      case 'q':
        remember(number<std::uint8_t>());
        return true;  // BINPUT
      case 'r':
        remember(number<std::uint32_t>());
        return true;  // LONG_BINPUT
      case 'h':
        recall(number<std::uint8_t>());
        return true;  // BINGET
      case 'j':
        recall(number<std::uint32_t>());
        return true;  // LONG_BINGET
      default:
        return false;
    }
  }

  // Containers are remembered as they are when remembered, which is empty for a dictionary still to be filled; a
  // reference to one before it is complete (a cycle) would lose items, so only finished values may be recalled.
  void remember(std::uint32_t place) {
    if (stack_.empty()) refuse("an instruction without its operand");
    const Kind kind = stack_.back().kind;
    if (kind != Kind::Dictionary && kind != Kind::List && kind != Kind::Call) memo_[place] = stack_.back();
  }

  void recall(std::uint32_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) refuse("a reference to a container");
    push(found->second);
  }

  bool container(char code) {
    switch (code) {
      case '(':
        marks_.push_back(stack_.size());
        return true;  // MARK
      case ')':
        push({.kind = Kind::Tuple});
        return true;  // EMPTY_TUPLE
      case ']':
        push({.kind = Kind::List});
        return true;  // EMPTY_LIST
      case '}':
        push({.kind = Kind::Dictionary});
        return true;  // EMPTY_DICT
      case '\x85':
        push({.kind = Kind::Tuple, .items = pop_count(1)});
        return true;  // TUPLE1
      case '\x86':
        push({.kind = Kind::Tuple, .items = pop_count(2)});
        return true;  // TUPLE2
      case '\x87':
        push({.kind = Kind::Tuple, .items = pop_count(3)});
        return true;  // TUPLE3
      case 't':
        push({.kind = Kind::Tuple, .items = pop_to_mark()});
        return true;  // TUPLE
      case 'Q':
        push({.kind = Kind::Persistent, .items = pop_count(1)});
        return true;  // BINPERSID
      case 'a':
        extend(pop_count(1));
        return true;  // APPEND
      case 'e':
        extend(pop_to_mark());
        return true;  // APPENDS
      case 's':
        set(pop_count(2));
        return true;  // SETITEM
      case 'u':
        set(pop_to_mark());
        return true;  // SETITEMS
      case 'R':
        call();
        return true;  // REDUCE
      case 'b':
        pop();
        return true;  // BUILD
      default:
        return false;
    }
  }

  void extend(std::vector<PickleValue> values) {
    if (stack_.empty() || stack_.back().kind != Kind::List) refuse("items without their list");
    auto& items = stack_.back().items;
    items.insert(items.end(), std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
  }

  void set(std::vector<PickleValue> values) {
    if (stack_.empty() || stack_.back().kind != Kind::Dictionary || values.size() % 2 != 0)
      refuse("items without their dictionary");
    for (std::size_t i = 0; i < values.size(); i += 2)
      stack_.back().pairs.emplace_back(std::move(values[i]), std::move(values[i + 1]));
  }

  void call() {
    std::vector<PickleValue> parts = pop_count(2);
    if (parts[0].kind != Kind::Global || parts[1].kind != Kind::Tuple) refuse("a call of what is not a name");
    if (parts[0].text == "collections OrderedDict" && parts[1].items.empty()) return push({.kind = Kind::Dictionary});
    PickleValue result{.kind = Kind::Call, .items = {std::move(parts[0])}};
    for (PickleValue& argument : parts[1].items) result.items.push_back(std::move(argument));
    push(std::move(result));
  }

  std::string_view& data_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, PickleValue> memo_;
};

}  // namespace

PickleValue read_pickle(std::string_view& data) { return Machine(data).run(); }

}  // namespace ctforge::nets
