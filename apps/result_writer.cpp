#include "apps/result_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

#include "apps/encode.h"

namespace fovea {
namespace {

constexpr char kSchema[] = "\"schema\":\"fovea.result/1\"";

// Where in a video: members of a record, with a comma after them.
std::string frame_members(const Result& result) {
  if (!result.input.frame) return "";
  return fmt::format(R"("frame":{},"pts":{},)", result.input.frame->number,
                     json_number(result.input.frame->seconds));
}

std::string frame_text(const Result& result) {
  if (!result.input.frame) return "";
  return fmt::format("  frame {}  {:.3f} s", result.input.frame->number, result.input.frame->seconds);
}

std::string failure_record(const Result& result) {
  return fmt::format(R"({{{},"input":{{"source":{},"index":{}}},{}"error":{{"code":{},"message":{}}}}})",
                     kSchema, json_string(result.input.source), result.input.index, frame_members(result),
                     json_string(result.input.failure->code), json_string(result.input.failure->message));
}

}  // namespace

Failure frames_without_columns(const std::string& source) {
  return {"unsupported_format", source +
                                    ": CSV has columns for frames only if a video is named on the command "
                                    "line; do so, or use --format ndjson"};
}

ResultWriter::ResultWriter(std::ostream& out, Options options, const ModelInfo& model,
                           Presentation presentation)
    : out_(out),
      options_(options),
      presentation_(std::move(presentation)),
      model_id_(model.id),
      model_json_(fmt::format(R"({{"id":{},"task":{},"licence":{}}})", json_string(model.id),
                              json_string(presentation_.model_task),
                              model.licence.empty() ? "null" : json_string(model.licence))) {
  if (options_.format == Format::kCsv) out_ << presentation_.csv_header << "\n";
}

void ResultWriter::write(const Result& result) {
  if (options_.format == Format::kJson && !options_.single) out_ << (begun_ ? ",\n" : "[\n");
  begun_ = true;
  out_ << record(result);
  if (options_.format == Format::kNdjson) out_ << "\n";
  if (!options_.buffered) out_.flush();
}

void ResultWriter::finish() {
  if (options_.format == Format::kJson) {
    if (!options_.single)
      out_ << (begun_ ? "\n]\n" : "[]\n");
    else if (begun_)
      out_ << "\n";
  }
  out_.flush();
}

std::string ResultWriter::record(const Result& result) const {
  const bool json = options_.format == Format::kJson || options_.format == Format::kNdjson;
  if (result.input.failure) return json ? failure_record(result) : "";
  if (json) return json_record(result);
  if (options_.format == Format::kCsv) return presentation_.csv(result);
  return fmt::format("{}{}  {}×{}  {}\n", result.input.source, frame_text(result), result.width,
                     result.height, model_id_) +
         presentation_.text(result);
}

std::string ResultWriter::json_record(const Result& result) const {
  const auto start = std::chrono::steady_clock::now();
  const std::string members = presentation_.json(result);
  const std::chrono::duration<double, std::milli> postprocess = std::chrono::steady_clock::now() - start;
  const Timing& t = result.timing;
  return fmt::format(
      R"({{{},"task":{},"input":{{"source":{},"index":{},"width":{},"height":{},"exif_orientation":{}}},)"
      R"({}"model":{},{},)"
      R"("timing_ms":{{"decode":{:.3f},"preprocess":{:.3f},"infer":{:.3f},"postprocess":{:.3f}}}}})",
      kSchema, json_string(presentation_.task), json_string(result.input.source), result.input.index,
      result.width, result.height, result.exif_orientation, frame_members(result), model_json_, members,
      t.decode, t.preprocess, t.infer, t.postprocess + postprocess.count());
}

}  // namespace fovea
