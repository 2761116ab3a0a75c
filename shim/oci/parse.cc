// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/parse.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace runward::oci {
namespace {

TextPosition position_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0: the first line
  return {.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          .column = before.size() - line_start + 1};
}

// An input iterator over the text that tells how far the parser has read, for positions in messages.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    *furthest_ = at_;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

// Builds the tree from the parser's events, and stops at the first thing that two readers could understand differently.
class StrictBuilder : public nlohmann::json_sax<Value> {
 public:
  explicit StrictBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    // An integer beyond 64 bits arrives here too, and would lose its last digits.
    if (text.find_first_of(".eE") == string_t::npos) return fail("number " + text + " does not fit into 64 bits");
    return add(value);
  }
  // A copy: the parser's own text keeps its room for the next one.
  bool string(string_t& value) override { return add(std::as_const(value)); }
  bool binary(binary_t&) override { return fail("binary value"); }
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [slot, is_new] = open_.back()->get_ref<Value::object_t&>().try_emplace(name, nullptr);
    if (!is_new) return fail("duplicate key \"" + name + "\"");
    slot_ = &slot->second;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    return fail(shorten(error.what()));
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }
  Value take() { return std::move(root_); }

 private:
  // nlohmann says "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT"; the position is told by us.
  // What it read last may be a secret of the environment.
  static std::string shorten(std::string_view text) {
    const std::size_t colon = text.find(": ");
    if (colon != std::string_view::npos) text.remove_prefix(colon + 2);
    return std::string(text.substr(0, text.find("; last read")));
  }
  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  // Where the value goes: an array takes it as it is, with no second move.
  template <typename Content>
  Value* place(Content&& content) {
    if (open_.empty()) return &(root_ = std::forward<Content>(content));
    if (array_ != nullptr) return &array_->emplace_back(std::forward<Content>(content));
    return &(*slot_ = std::forward<Content>(content));
  }
  template <typename Content>
  bool add(Content&& content) {
    place(std::forward<Content>(content));
    return true;
  }
  bool open(Value container) {
    if (open_.size() == max_depth_) return fail("more than " + std::to_string(max_depth_) + " levels deep");
    open_.push_back(place(std::move(container)));
    enter();
    return true;
  }
  bool close() {
    open_.pop_back();
    enter();
    return true;
  }
  void enter() {
    const bool in_array = !open_.empty() && open_.back()->is_array();
    array_ = in_array ? &open_.back()->get_ref<Value::array_t&>() : nullptr;
  }

  std::size_t max_depth_;
  Value root_;
  std::vector<Value*> open_;         // the containers that are being filled, outermost first
  Value::array_t* array_ = nullptr;  // the innermost of them, when it is one
  Value* slot_ = nullptr;            // where the value of the last key goes
  std::string problem_;
};

// Follows the parser's events with the pointer of each value and stops at the one looked for.
class PositionFinder : public nlohmann::json_sax<Value> {
 public:
  PositionFinder(std::string target, const char* begin, const char* const* furthest)
      : target_(std::move(target)), begin_(begin), furthest_(furthest) {}

  bool null() override { return leaf(0); }
  bool boolean(bool) override { return leaf(0); }
  bool number_integer(number_integer_t) override { return leaf(0); }
  bool number_unsigned(number_unsigned_t) override { return leaf(0); }
  bool number_float(number_float_t, const string_t&) override { return leaf(0); }
  bool string(string_t& text) override { return leaf(text.size() + 1); }
  bool binary(binary_t&) override { return leaf(0); }
  bool start_object(std::size_t) override { return enter(false); }
  bool start_array(std::size_t) override { return enter(true); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    levels_.back().key = name;
    return here() != target_ || found(name.size() + 1);
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  struct Level {
    bool is_array = false;
    std::size_t index = 0;
    std::string key;
  };

  [[nodiscard]] std::string here() const {
    Pointer pointer;
    for (const Level& level : levels_) pointer.push_back(level.is_array ? std::to_string(level.index) : level.key);
    return pointer.to_string();
  }
  bool found(std::size_t back) {
    const auto read = static_cast<std::size_t>(*furthest_ - begin_);
    offset_ = read > back ? read - back - 1 : 0;
    return false;
  }
  bool arrive(std::size_t back) { return here() != target_ || found(back); }
  void step() {
    if (!levels_.empty() && levels_.back().is_array) ++levels_.back().index;
  }
  bool leaf(std::size_t back) {
    if (!arrive(back)) return false;
    step();
    return true;
  }
  bool enter(bool is_array) {
    if (!arrive(0)) return false;
    levels_.push_back({.is_array = is_array, .index = 0, .key = {}});
    return true;
  }
  bool leave() {
    levels_.pop_back();
    step();
    return true;
  }

  std::string target_;
  const char* begin_;
  const char* const* furthest_;
  std::vector<Level> levels_;
  std::size_t offset_ = 0;
};

Error error_at(std::string_view text, std::string_view name, std::size_t offset, const std::string& problem) {
  const TextPosition at = position_at(text, offset);
  return make_error(ErrorKind::parse, std::string(name) + ":" + std::to_string(at.line) + ":" +
                                          std::to_string(at.column) + ": " + problem);
}

}  // namespace

Result<Value> parse(std::string_view text, std::string_view name, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes)
    return make_error(ErrorKind::parse,
                      "'" + std::string(name) + "' is larger than " + std::to_string(limits.max_bytes) + " bytes");
  // The parser takes a NUL for the end of the input, others read on.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return error_at(text, name, nul, "NUL byte");
  StrictBuilder builder(limits.max_depth);
  // Without a counting iterator the parse is a third faster, so positions are looked for only after it failed.
  if (Value::sax_parse(text.begin(), text.end(), &builder, nlohmann::detail::input_format_t::json, true,
                       limits.comments))
    return builder.take();
  StrictBuilder again(limits.max_depth);
  const char* furthest = text.data();
  const char* const end = text.data() + text.size();
  Value::sax_parse(CountingIterator(text.data(), &furthest), CountingIterator(end, &furthest), &again,
                   nlohmann::detail::input_format_t::json, true, limits.comments);
  auto offset = static_cast<std::size_t>(furthest - text.data());
  // The parser has read one further than what it did not understand: not into the next line.
  if (offset > 0 && offset < text.size() && text[offset - 1] == '\n') --offset;
  return error_at(text, name, offset, again.problem());
}

TextPosition position_of(std::string_view text, const Pointer& pointer, const ParseLimits& limits) {
  const char* furthest = text.data();
  PositionFinder finder(pointer.to_string(), text.data(), &furthest);
  Value::sax_parse(CountingIterator(text.data(), &furthest), CountingIterator(text.data() + text.size(), &furthest),
                   &finder, nlohmann::detail::input_format_t::json, true, limits.comments);
  return position_at(text, finder.offset());
}

}  // namespace runward::oci
