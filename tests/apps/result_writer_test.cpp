#include "apps/result_writer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "apps/encode.h"

namespace fovea {
namespace {

Presentation presentation() {
  const auto value = [](const Result& result) { return json_number(result.values.at(0)); };
  Presentation p;
  p.task = "classify";
  p.model_task = "image-classification";
  p.text = [value](const Result& result) { return "  " + value(result) + "\n"; };
  p.json = [value](const Result& result) { return "\"labels\":[" + value(result) + "]"; };
  p.csv = [value](const Result& result) {
    return csv_field(result.input.source) + "," + value(result) + "\n";
  };
  p.csv_header = "source,score";
  return p;
}

Result good(int64_t index, const std::string& source) {
  Result result;
  result.input = {index, source, std::nullopt};
  result.width = 640;
  result.height = 480;
  result.exif_orientation = 6;
  result.values = {0.25f};
  result.timing = {4.125, 2, 310.4, 0};
  return result;
}

Result bad(int64_t index, const std::string& source) {
  Result result;
  result.input = {index, source, Failure{"truncated", source + ": ends early; fetch it again"}};
  return result;
}

std::string written(ResultWriter::Options options, const std::vector<Result>& results) {
  std::ostringstream out;
  ModelInfo model;
  model.id = "tiny \"vit\"";
  ResultWriter writer(out, options, model, presentation());
  for (const Result& result : results) writer.write(result);
  writer.finish();
  return out.str();
}

// How long formatting took is not the same every time.
std::string without_postprocess(std::string json) {
  for (size_t at = 0; (at = json.find("\"postprocess\":", at)) != std::string::npos;) {
    at += 14;
    json.replace(at, json.find('}', at) - at, "T");
  }
  return json;
}

constexpr char kGood[] =
    R"({"schema":"fovea.result/1","task":"classify","input":{"source":"a.jpg","index":0,"width":640,"height":480,)"
    R"("exif_orientation":6},"model":{"id":"tiny \"vit\"","task":"image-classification","licence":null},)"
    R"("labels":[0.25],"timing_ms":{"decode":4.125,"preprocess":2.000,"infer":310.400,"postprocess":T}})";
constexpr char kBad[] = R"({"schema":"fovea.result/1","input":{"source":"b.jpg","index":1},)"
                        R"("error":{"code":"truncated","message":"b.jpg: ends early; fetch it again"}})";

TEST(ResultWriter, Text) {
  EXPECT_EQ(written({Format::kText}, {good(0, "a\xff.jpg"), bad(1, "b.jpg"), good(2, "c.jpg")}),
            "a\xff.jpg  640×480  tiny \"vit\"\n  0.25\nc.jpg  640×480  tiny \"vit\"\n  0.25\n");
}

TEST(ResultWriter, Csv) {
  EXPECT_EQ(written({Format::kCsv}, {good(0, "a,\"b\".jpg"), bad(1, "b.jpg")}),
            "source,score\n\"a,\"\"b\"\".jpg\",0.25\n");
  EXPECT_EQ(written({Format::kCsv}, {}), "source,score\n");
}

TEST(ResultWriter, NdjsonHasOneLineAnInput) {
  EXPECT_EQ(without_postprocess(written({Format::kNdjson}, {good(0, "a.jpg"), bad(1, "b.jpg")})),
            std::string(kGood) + "\n" + kBad + "\n");
  EXPECT_EQ(written({Format::kNdjson}, {}), "");
}

TEST(ResultWriter, JsonIsAnArrayOrOneObject) {
  EXPECT_EQ(without_postprocess(written({Format::kJson}, {good(0, "a.jpg"), bad(1, "b.jpg")})),
            "[\n" + std::string(kGood) + ",\n" + kBad + "\n]\n");
  EXPECT_EQ(without_postprocess(written({Format::kJson, true}, {good(0, "a.jpg")})),
            std::string(kGood) + "\n");
  EXPECT_EQ(written({Format::kJson}, {}), "[]\n");
}

TEST(ResultWriter, JsonIsUtf8WhateverThePath) {
  EXPECT_NE(written({Format::kNdjson}, {good(0, "a\xff.jpg")}).find("\"source\":\"a\xEF\xBF\xBD.jpg\""),
            std::string::npos);
}

}  // namespace
}  // namespace fovea
