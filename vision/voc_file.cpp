#include "vision/voc_file.h"

#include <charconv>
#include <cmath>
#include <pugixml.hpp>

#include "attention/base/error.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 16 << 20;

std::string text_of(const pugi::xml_node& node) {
  const std::string text = node.child_value();
  const size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

// NaN if it is none.
double number_of(const pugi::xml_node& node) {
  const std::string text = text_of(node);
  double value = std::nan("");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : std::nan("");
}

int64_t side_of(const pugi::xml_node& node) {
  const double side = number_of(node);
  return side >= 1 && side <= 1e6 ? static_cast<int64_t>(side) : 0;
}

// Empty: parsed.
std::string why_not_parsed(const std::string& text, pugi::xml_document& document) {
  const pugi::xml_parse_result result =
      document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_doctype);
  if (!result)
    return "not valid XML at byte " + std::to_string(result.offset) + " (" + result.description() + ")";
  for (const pugi::xml_node& node : document)
    if (node.type() == pugi::node_doctype &&
        std::string_view(node.value()).find("<!ENTITY") != std::string::npos)
      return "declares XML entities, which are not read";
  return document.child("annotation") ? "" : "has no <annotation>";
}

void read_object(const pugi::xml_node& node, const std::string& place, VocPicture& picture,
                 AnnotationProblems& problems) {
  VocObject object{.name = text_of(node.child("name"))};
  const pugi::xml_node box = node.child("bndbox");
  object.box = {number_of(box.child("xmin")), number_of(box.child("ymin")), number_of(box.child("xmax")),
                number_of(box.child("ymax"))};
  object.difficult = number_of(node.child("difficult")) == 1;
  if (object.name.empty() || !is_utf8(object.name))
    problems.skipped("unknown_category", place, ": an object ",
                     object.name.empty() ? "has no name" : "has a name that is not UTF-8");
  else if (!box)
    problems.skipped("bad_box", place, ": ", in_quotes(object.name), " has no <bndbox>");
  else
    picture.objects.push_back(std::move(object));
}

}  // namespace

bool read_voc_file(const fs::path& file, const std::string& place, VocPicture& picture,
                   AnnotationProblems& problems) {
  pugi::xml_document document;
  std::string why;
  try {
    why = why_not_parsed(annotation_text(file, kMostBytes), document);
  } catch (const Error& error) {
    why = error.what();
  }
  if (!why.empty()) {
    problems.left_out("bad_file", file, place, ": ", why);
    return false;
  }
  const pugi::xml_node root = document.child("annotation"), size = root.child("size");
  picture.stem = file.stem().string();
  picture.file = text_of(root.child("filename"));
  picture.width = side_of(size.child("width"));
  picture.height = side_of(size.child("height"));
  for (const pugi::xml_node& node : root.children("object")) read_object(node, place, picture, problems);
  return true;
}

}  // namespace fovea
