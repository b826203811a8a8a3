#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/attend_maps.h"
#include "apps/attend_settings.h"
#include "apps/attend_video.h"
#include "apps/output_folder.h"

namespace fovea {

// Writes what `attend` made to files: one, or in a folder one for each map under the picture's name.
class AttendOutput {
 public:
  AttendOutput(const AttendSettings& settings, MapKind kind);

  void claim_picture(Input& input, std::optional<cv::Size> video);
  void claim_raw(Input& input);
  void write(Result& result);        // fails a result that cannot be written
  std::vector<Unfinished> finish();  // the videos that could not be written

 private:
  void write_maps(Result& result);
  std::string path_for(const std::string& claimed, const std::string& option, const AttendedMap& made) const;
  void refuse_what_is_there(const OutputFolder& folder, const std::string& path, const Input& input) const;

  const AttendSettings& settings_;
  std::string kind_;
  std::optional<OutputFolder> pictures_, raw_;
  AttendVideos videos_;
};

}  // namespace fovea
