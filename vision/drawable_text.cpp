#include "vision/drawable_text.h"

#include <algorithm>
#include <string_view>

namespace fovea {
namespace {

constexpr char32_t kFirst = 0xC0;
// From U+00C0 to U+017F; '*' is of kPairs.
constexpr std::string_view kLetters =
    "AAAAAA*CEEEEIIIIDNOOOOOxOUUUUY**aaaaaa*ceeeeiiiidnooooo/ouuuuy*y"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi**JjKkkLlLlLlL"
    "lLlNnNnNn*NnOoOoOo**RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(kLetters.size() == 0x180 - kFirst);

struct Pair {
  char32_t character;
  std::string_view letters;
};
constexpr Pair kPairs[] = {{0xC6, "AE"},   {0xDE, "Th"},   {0xDF, "ss"},  {0xE6, "ae"},   {0xFE, "th"},
                           {0x132, "IJ"},  {0x133, "ij"},  {0x149, "'n"}, {0x152, "OE"},  {0x153, "oe"},
                           {0xA0, " "},    {0xB7, "."},    {0x218, "S"},  {0x219, "s"},   {0x21A, "T"},
                           {0x21B, "t"},   {0x1E9E, "SS"}, {0x2010, "-"}, {0x2011, "-"},  {0x2013, "-"},
                           {0x2014, "-"},  {0x2018, "'"},  {0x2019, "'"}, {0x201C, "\""}, {0x201D, "\""},
                           {0x2026, "..."}};

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The character from `at` on, which moves behind it; 0 for bytes that are none.
char32_t next_character(const std::string& text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  char32_t character = lead & (0x3Fu >> more);
  int seen = 0;
  for (; at < text.size() && continues(text[at]); ++at, ++seen)
    character = character << 6 | (static_cast<unsigned char>(text[at]) & 0x3Fu);
  return seen == more && more > 0 ? character : 0;
}

std::string in_ascii(char32_t character) {
  if (character >= 0x20 && character < 0x7F) return {static_cast<char>(character)};
  if (character >= 0x300 && character < 0x370) return "";  // a mark on the letter before
  if (character >= kFirst && character < kFirst + kLetters.size())
    if (const char letter = kLetters[character - kFirst]; letter != '*') return {letter};
  const auto pair = std::ranges::find(kPairs, character, &Pair::character);
  return pair == std::end(kPairs) ? "?" : std::string(pair->letters);
}

}  // namespace

std::string drawable_text(const std::string& text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) shown += in_ascii(next_character(text, at));
  return shown;
}

std::string drawable_name(const std::string& name, const std::string& otherwise) {
  const std::string shown = drawable_text(name);
  const auto lost = std::ranges::count(shown, '?');
  const auto left = std::ranges::count_if(shown, [](char c) { return c != '?' && c != ' '; });
  return lost > left ? otherwise : shown;
}

}  // namespace fovea
