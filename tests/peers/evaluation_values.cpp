// What eval/ computes of arrays that a script wrote, for tests/peers/*_side_by_side.py to compare with other software.
//
// Usage: ctforge_evaluation_values COMMAND FILE.safetensors [THREADS]
//   radiomics         value F64 and inside U8 [N,D,H,W]; metadata spacing_mm "x y z", bin_width, bin_count
//   frechet           real F64 [N,D], other F64 [M,D]: of their Gaussians
//   radiomic_frechet  the same, as frd-score has it
//   surface           prediction and reference U8 [N,D,H,W], label 1; metadata spacing_mm, tolerance_mm: Dice, too,
//                     and surface_s, the seconds without it
//   memorisation      training, held_out and generated F64 [N,D], training_patient and held_out_patient U8 [N]
//   similarity        a and b F64 [N,1,H,W], range 2; metadata scales
// prints JSON: the values, and the seconds that computing them took with THREADS threads (1).
#include "eval/cells.h"
#include "eval/dice.h"
#include "eval/frechet.h"
#include "eval/memorisation.h"
#include "eval/nearest.h"
#include "eval/radiomics.h"
#include "eval/radiomics_set.h"
#include "eval/ssim.h"
#include "eval/surface_distance.h"
#include "io/file/safetensors.h"

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <torch/torch.h>

using namespace ctforge;
using nlohmann::json;

namespace {

io::Vector3 spacing_of(const io::SafetensorsFile& file) {
  std::istringstream text(file.metadata().at("spacing_mm"));
  io::Vector3 spacing{};
  text >> spacing[0] >> spacing[1] >> spacing[2];
  return spacing;
}

torch::Tensor matrix(const io::TensorView& view) {
  return torch::from_blob(const_cast<std::byte*>(view.data.data()), view.shape, torch::kFloat64).clone();
}

json radiomics_values(const io::SafetensorsFile& file) {
  const auto tensors = file.tensors();
  const io::TensorView& value = tensors.at("value");
  const auto count = value.shape.at(0);
  const std::size_t voxels = value.as<double>().size() / static_cast<std::size_t>(count);
  const eval::Discretisation bins{std::stod(file.metadata().at("bin_width")),
                                  std::stoll(file.metadata().at("bin_count"))};
  std::vector<std::vector<double>> features(static_cast<std::size_t>(count)), shapes(static_cast<std::size_t>(count));
  tbb::parallel_for(std::int64_t{0}, count, [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    const auto own = value.as<double>().subspan(at * voxels, voxels);
    const auto inside = tensors.at("inside").as<std::uint8_t>().subspan(at * voxels, voxels);
    const eval::Region region{{value.shape[1], value.shape[2], value.shape[3]},
                              spacing_of(file),
                              {own.begin(), own.end()},
                              {inside.begin(), inside.end()}};
    features[at] = eval::radiomics(region, bins);
    shapes[at] = value.shape[1] == 1 ? eval::shape_2d(region) : eval::shape_3d(region);
  });
  return {{"names", eval::radiomic_names()},
          {"values", features},
          {"shape_names", value.shape[1] == 1 ? eval::shape_2d_names() : eval::shape_3d_names()},
          {"shapes", shapes}};
}

json frechet_values(const io::SafetensorsFile& file) {
  const torch::Tensor real = matrix(file.tensors().at("real")), other = matrix(file.tensors().at("other"));
  const double first = eval::frechet_distance(real, other);
  // Again, as an evaluation of many rounds does: MKL's threaded eigenvalues, when first used in a process, wait for the
  // clock's next tick where the processor's name does not tell its frequency.
  const auto started = std::chrono::steady_clock::now();
  const double again = eval::frechet_distance(real, other);
  return {{"value", first},
          {"equal", first == again},
          {"again_s", std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count()}};
}

json radiomic_frechet_values(const io::SafetensorsFile& file) {
  const torch::Tensor real = matrix(file.tensors().at("real")), other = matrix(file.tensors().at("other"));
  return {{"v0", eval::frechet_radiomics_v0(real, other)}, {"v1", eval::frechet_radiomics_v1(real, other)}};
}

// Labels of volume i of [N,D,H,W].
torch::Tensor labels_of(const io::TensorView& view, std::size_t i) {
  const std::int64_t voxels = view.shape[1] * view.shape[2] * view.shape[3];
  auto* first = const_cast<std::byte*>(view.data.data()) + static_cast<std::int64_t>(i) * voxels;
  return torch::from_blob(first, {view.shape[1], view.shape[2], view.shape[3]}, torch::kUInt8);
}

json surface_values(const io::SafetensorsFile& file) {
  const auto tensors = file.tensors();
  const io::TensorView& prediction = tensors.at("prediction");
  const std::size_t voxels = prediction.data.size() / static_cast<std::size_t>(prediction.shape.at(0));
  json all = json::array();
  double surface_s = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(prediction.shape[0]); ++i) {
    const auto started = std::chrono::steady_clock::now();
    const eval::SurfaceScores scores =
        eval::surface_scores(prediction.as<std::uint8_t>().subspan(i * voxels, voxels),
                             tensors.at("reference").as<std::uint8_t>().subspan(i * voxels, voxels),
                             {prediction.shape[1], prediction.shape[2], prediction.shape[3]}, spacing_of(file), 1,
                             std::stod(file.metadata().at("tolerance_mm")));
    surface_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    std::vector<eval::Overlap> overlaps(2);
    eval::accumulate(overlaps, labels_of(prediction, i), labels_of(tensors.at("reference"), i));
    all.push_back({{"dice", overlaps[1].dice()},
                   {"hausdorff95_mm", scores.hausdorff95_mm},
                   {"from_reference_mm", scores.from_reference_mm},
                   {"from_prediction_mm", scores.from_prediction_mm},
                   {"surface_dice", scores.surface_dice}});
  }
  return {{"scores", all}, {"surface_s", surface_s}};
}

json similarity_values(const io::SafetensorsFile& file) {
  const torch::Tensor values = eval::multiscale_similarity(
      matrix(file.tensors().at("a")), matrix(file.tensors().at("b")), 2, std::stoll(file.metadata().at("scales")));
  return {{"values", std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel())}};
}

json memorisation_values(const io::SafetensorsFile& file) {
  constexpr std::uint64_t kSeed = 1;
  const auto tensors = file.tensors();
  const torch::Tensor training = matrix(tensors.at("training")), held_out = matrix(tensors.at("held_out")),
                      generated = matrix(tensors.at("generated"));
  const auto patients = [&](const char* name) {
    const auto bytes = tensors.at(name).as<std::uint8_t>();
    return std::vector<std::int32_t>(bytes.begin(), bytes.end());
  };
  const std::vector<std::int32_t> training_patient = patients("training_patient");
  const eval::CellPartition cells(training, kSeed);
  const eval::TwoNearest of_generated = eval::two_nearest(generated, training);
  return {{"authenticity",
           eval::authenticity(of_generated, eval::two_nearest(training, training, training_patient, training_patient))},
          {"ratios", eval::distance_ratios(of_generated)},
          {"nearer_to_training", eval::nearer_to_training(training, held_out, generated, kSeed)},
          {"membership_auc", eval::membership_auc(training, training_patient, held_out, patients("held_out_patient"),
                                                  generated, 100, kSeed)
                                 .auc},
          {"copying_statistic", eval::copying_statistic(training, held_out, generated, kSeed)},
          {"cells",
           {{"training", cells.cell_of(cells.projected(training))},
            {"held_out", cells.cell_of(cells.projected(held_out))},
            {"generated", cells.cell_of(cells.projected(generated))}}}};
}

json values_of(const std::string& command, const io::SafetensorsFile& file) {
  const std::map<std::string, std::function<json(const io::SafetensorsFile&)>> commands = {
      {"radiomics", radiomics_values},
      {"frechet", frechet_values},
      {"radiomic_frechet", radiomic_frechet_values},
      {"surface", surface_values},
      {"memorisation", memorisation_values},
      {"similarity", similarity_values}};
  const auto started = std::chrono::steady_clock::now();
  json result = commands.at(command)(file);
  result["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3) throw std::invalid_argument("usage: ctforge_evaluation_values COMMAND FILE [THREADS]");
    const std::size_t workers = argc > 3 ? std::stoul(argv[3]) : 1;
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, workers);
    torch::set_num_threads(static_cast<int>(workers));
    std::cout << values_of(argv[1], io::SafetensorsFile(argv[2])).dump() << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
