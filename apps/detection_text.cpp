#include "apps/detection_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/encode.h"

namespace fovea {
namespace {

// Models compute in float32; more digits would say nothing.
std::string number(double value) {
  return json_number(static_cast<float>(value));
}

std::string optional_number(std::optional<int64_t> value) {
  return value ? std::to_string(*value) : "null";
}

std::string bbox_of(const Box& box) {
  return fmt::format("[{},{},{},{}]", number(box.x0), number(box.y0), number(box.width()),
                     number(box.height()));
}

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
  }
  return escaped;
}

}  // namespace

std::string DetectionWords::label(int64_t class_id) const {
  return class_id < std::ssize(labels) ? labels[static_cast<size_t>(class_id)]
                                       : "LABEL_" + std::to_string(class_id);
}

std::optional<int64_t> DetectionWords::category(int64_t class_id) const {
  return class_id < std::ssize(categories) ? categories[static_cast<size_t>(class_id)] : std::nullopt;
}

Box DetectionWords::box(const Detection& object, const Result& result) const {
  const Box& b = object.box;
  if (whole_pixels) {
    const auto whole = [](double edge) {
      return std::trunc(static_cast<double>(static_cast<float>(edge))) + 0.0;
    };
    return {whole(b.x0), whole(b.y0), whole(b.x1), whole(b.y1)};
  }
  const auto cut = [](double edge, int64_t size) { return std::clamp(edge, 0.0, static_cast<double>(size)); };
  return {cut(b.x0, result.width), cut(b.y0, result.height), cut(b.x1, result.width),
          cut(b.y1, result.height)};
}

std::string text_of(const Result& result, const DetectionWords& words) {
  std::string lines;
  for (const Detection& object : result.objects) {
    const Box box = words.box(object, result);
    lines += fmt::format("  {:.4f}  {}  {:.1f} {:.1f} {:.1f} {:.1f}\n", object.score,
                         words.label(object.class_id), box.x0, box.y0, box.x1, box.y1);
  }
  return lines.empty() ? fmt::format("  nothing with a score above {}\n", words.threshold) : lines;
}

std::string json_of(const Result& result, const DetectionWords& words) {
  std::string list;
  for (const Detection& object : result.objects) {
    const Box box = words.box(object, result);
    list += fmt::format(R"({}{{"label":{},"score":{},"class_id":{},"category_id":{},)"
                        R"("box":{{"xmin":{},"ymin":{},"xmax":{},"ymax":{}}},"bbox":{},"query":{}}})",
                        list.empty() ? "" : ",", json_string(words.label(object.class_id)),
                        json_number(object.score), object.class_id,
                        optional_number(words.category(object.class_id)), number(box.x0), number(box.y0),
                        number(box.x1), number(box.y1), bbox_of(box), object.query);
  }
  return "\"objects\":[" + list + "]";
}

std::string csv_header(bool frames) {
  return std::string("source,label,class_id,score,xmin,ymin,xmax,ymax") + (frames ? ",frame,pts" : "");
}

std::string csv_of(const Result& result, const DetectionWords& words, bool frames) {
  std::string rows, when;
  const std::optional<VideoFrame>& frame = result.input.frame;
  if (frames) when = frame ? fmt::format(",{},{}", frame->number, json_number(frame->seconds)) : ",,";
  for (const Detection& object : result.objects) {
    const Box box = words.box(object, result);
    rows += fmt::format("{},{},{},{},{},{},{},{}{}\n", csv_field(result.input.source),
                        csv_field(words.label(object.class_id)), object.class_id, json_number(object.score),
                        number(box.x0), number(box.y0), number(box.x1), number(box.y1), when);
  }
  return rows;
}

std::string coco_of(const Result& result, const DetectionWords& words, int64_t image_id) {
  std::string list;
  for (const Detection& object : result.objects)
    if (const std::optional<int64_t> category = words.category(object.class_id))
      list += fmt::format(R"({}{{"image_id":{},"category_id":{},"bbox":{},"score":{}}})",
                          list.empty() ? "" : ",\n", image_id, *category, bbox_of(words.box(object, result)),
                          json_number(object.score));
  return list;
}

std::string yolo_of(const Result& result, const DetectionWords& words) {
  std::string lines;
  const auto width = static_cast<double>(result.width), height = static_cast<double>(result.height);
  for (const Detection& object : result.objects) {
    const Box box = words.box(object, result);
    lines +=
        fmt::format("{} {:.6f} {:.6f} {:.6f} {:.6f} {:.6f}\n", object.class_id, (box.x0 + box.x1) / 2 / width,
                    (box.y0 + box.y1) / 2 / height, box.width() / width, box.height() / height, object.score);
  }
  return lines;
}

std::string yolo_classes(const DetectionWords& words) {
  std::string lines;
  for (int64_t i = 0; i < std::ssize(words.labels); ++i) {
    std::string name = words.label(i);
    std::ranges::replace_if(
        name, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    // A blank line would be no class, and shift the others.
    lines += (name.find_first_not_of(" \t") == std::string::npos ? fmt::format("LABEL_{}", i) : name) + "\n";
  }
  return lines;
}

std::string voc_of(const Result& result, const DetectionWords& words) {
  const std::filesystem::path path = result.input.source;
  std::string xml = fmt::format(
      "<annotation>\n\t<folder>{}</folder>\n\t<filename>{}</filename>\n\t<size>\n\t\t<width>{}</width>\n"
      "\t\t<height>{}</height>\n\t\t<depth>3</depth>\n\t</size>\n\t<segmented>0</segmented>\n",
      xml_text(path.parent_path().filename().string()), xml_text(path.filename().string()), result.width,
      result.height);
  // VOC's pixels count from 1, and both corners are inside.
  const auto first = [](double edge, int64_t size) {
    return std::clamp<int64_t>(std::llround(edge) + 1, 1, size);
  };
  for (const Detection& object : result.objects) {
    const Box box = words.box(object, result);
    const int64_t x = first(box.x0, result.width), y = first(box.y0, result.height);
    xml += fmt::format(
        "\t<object>\n\t\t<name>{}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n"
        "\t\t<difficult>0</difficult>\n\t\t<score>{}</score>\n\t\t<bndbox>\n\t\t\t<xmin>{}</xmin>\n"
        "\t\t\t<ymin>{}</ymin>\n\t\t\t<xmax>{}</xmax>\n\t\t\t<ymax>{}</ymax>\n\t\t</bndbox>\n\t</object>\n",
        xml_text(words.label(object.class_id)), json_number(object.score), x, y,
        std::clamp<int64_t>(std::llround(box.x1), x, result.width),
        std::clamp<int64_t>(std::llround(box.y1), y, result.height));
  }
  return xml + "</annotation>\n";
}

}  // namespace fovea
