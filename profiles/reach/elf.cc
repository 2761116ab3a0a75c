// SPDX-License-Identifier: Apache-2.0
#include "profiles/reach/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace runward::profiles {
namespace {

constexpr std::size_t kMostHeaders = 128;
constexpr std::size_t kMostEntries = 4096;       // of the dynamic section
constexpr std::size_t kMostSymbols = 1'000'000;  // libnode has 50,000
constexpr std::size_t kLongestName = 512;        // C++'s; a longer one is none of the C library's

// Values are copied out: nothing in a file is aligned because it says so.
template <typename Type>
std::optional<Type> read_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Type)) return std::nullopt;
  Type value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Dynamic {
  std::optional<std::uint64_t> strings, symbols, hash, gnu_hash, library;
};

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  Result<Elf> parse() {
    const auto header = read_at<Elf64_Ehdr>(bytes_, 0);
    if (!is_elf(bytes_) || !header) return bad("it is no ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
      return bad("it is not one of 64 bits, little-endian");
    if (header->e_phentsize != sizeof(Elf64_Phdr)) return bad("its program headers have another size");
    const std::size_t count = std::min<std::size_t>(header->e_phnum, kMostHeaders);
    for (std::size_t i = 0; i < count; ++i) {
      const auto each = header_at(header->e_phoff, i);
      if (!each) return bad("its program headers are not all there");
      headers_.push_back(*each);
    }
    const auto dynamic = std::ranges::find(headers_, PT_DYNAMIC, &Elf64_Phdr::p_type);
    if (dynamic == headers_.end()) return elf_;
    elf_.is_dynamic = true;
    const Dynamic found = read_dynamic(dynamic->p_offset);
    // A static program that can be loaded anywhere has one without symbols.
    if (!found.symbols || !found.strings) return elf_;
    if (found.library) elf_.library = name_at(*found.strings, *found.library);
    read_symbols(found);
    return elf_;
  }

 private:
  static Error bad(const std::string& what) { return make_error(ErrorKind::parse, what); }

  [[nodiscard]] std::optional<Elf64_Phdr> header_at(std::uint64_t table, std::size_t index) const {
    if (table > bytes_.size()) return std::nullopt;
    return read_at<Elf64_Phdr>(bytes_, table + index * sizeof(Elf64_Phdr));
  }

  // Where an address of the loaded program lies in the file.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr& each : headers_)
      if (each.p_type == PT_LOAD && address >= each.p_vaddr && address - each.p_vaddr < each.p_filesz &&
          each.p_offset <= bytes_.size())
        return each.p_offset + (address - each.p_vaddr);
    return std::nullopt;
  }

  [[nodiscard]] Dynamic read_dynamic(std::uint64_t offset) const {
    Dynamic found;
    if (offset > bytes_.size()) return found;
    for (std::size_t i = 0; i < kMostEntries; ++i) {
      const auto entry = read_at<Elf64_Dyn>(bytes_, offset + i * sizeof(Elf64_Dyn));
      if (!entry || entry->d_tag == DT_NULL) break;
      if (entry->d_tag == DT_STRTAB) found.strings = offset_of(entry->d_un.d_ptr);
      if (entry->d_tag == DT_SYMTAB) found.symbols = offset_of(entry->d_un.d_ptr);
      if (entry->d_tag == DT_HASH) found.hash = offset_of(entry->d_un.d_ptr);
      if (entry->d_tag == DT_GNU_HASH) found.gnu_hash = offset_of(entry->d_un.d_ptr);
      if (entry->d_tag == DT_SONAME) found.library = entry->d_un.d_val;
    }
    return found;
  }

  // Up to this index the symbols that are imported are: in the older hash table all are counted (its second word), in
  // GNU's the first one that is defined (likewise). Without either, until the file or our patience ends.
  [[nodiscard]] std::size_t count_symbols(const Dynamic& found) const {
    for (const auto& table : {found.hash, found.gnu_hash}) {
      const auto count = table ? read_at<std::uint32_t>(bytes_, *table + sizeof(std::uint32_t)) : std::nullopt;
      if (count) return std::min<std::size_t>(*count, kMostSymbols);
    }
    return kMostSymbols;
  }

  void read_symbols(const Dynamic& found) {
    const std::size_t count = count_symbols(found);
    for (std::size_t i = 1; i < count; ++i) {
      const auto symbol = read_at<Elf64_Sym>(bytes_, *found.symbols + i * sizeof(Elf64_Sym));
      if (!symbol) return;
      if (symbol->st_shndx != SHN_UNDEF) continue;
      std::string name = name_at(*found.strings, symbol->st_name);
      if (!name.empty()) elf_.imports.insert(std::move(name));
    }
  }

  // Empty where there is none, or none that ends.
  [[nodiscard]] std::string name_at(std::uint64_t strings, std::uint64_t index) const {
    if (index > bytes_.size() || strings > bytes_.size() - index) return "";
    const std::string_view rest = bytes_.substr(strings + index, kLongestName);
    const std::size_t end = rest.find('\0');
    return end == std::string_view::npos ? "" : std::string(rest.substr(0, end));
  }

  std::string_view bytes_;
  std::vector<Elf64_Phdr> headers_;
  Elf elf_;
};

}  // namespace

bool is_elf(std::string_view bytes) { return bytes.starts_with(std::string_view(ELFMAG, SELFMAG)); }

Result<Elf> parse_elf(std::string_view bytes) { return Parser(bytes).parse(); }

}  // namespace runward::profiles
