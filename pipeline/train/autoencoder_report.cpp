// Round trips and their errors.
#include "pipeline/train/autoencoder_report.h"

#include "eval/ssim.h"
#include "io/file/digest.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/generator_record.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kMostReconstructed = 2048, kBatch = 64, kLeastForSsim = 11;
constexpr double kRange = 2;  // of the [-1,1] scale

// Sums over patches.
class Errors {
 public:
  explicit Errors(std::int64_t labels)
      : overlap_(torch::zeros({labels}, torch::kInt64)),
        sizes_(overlap_.clone()),
        pixels_(overlap_.clone()),
        absolute_(torch::zeros({labels}, torch::kFloat64)),
        signed_(absolute_.clone()) {}

  // image [N,1,H,W] in [-1,1] and mask [N,H,W] int64, decoded and real.
  void add(const torch::Tensor& image, const torch::Tensor& mask, const torch::Tensor& real_image,
           const torch::Tensor& real_mask) {
    const std::int64_t labels = overlap_.size(0);
    const auto truth = real_mask.to(torch::kInt64).flatten(), found = mask.flatten();
    const auto error = (image - real_image).to(torch::kFloat64).flatten();
    overlap_ += torch::bincount(truth.masked_select(found.eq(truth)), {}, labels);
    pixels_ += torch::bincount(truth, {}, labels);
    sizes_ += torch::bincount(truth, {}, labels) + torch::bincount(found, {}, labels);
    absolute_ += torch::bincount(truth, error.abs(), labels);
    signed_ += torch::bincount(truth, error, labels);
    const auto ratio = eval::psnr_db(image, real_image, kRange);
    psnr_ += ratio.masked_select(torch::isfinite(ratio)).sum().item<double>();
    exact_ += ratio.isinf().sum().item<std::int64_t>();
    if (std::min(image.size(2), image.size(3)) >= kLeastForSsim)
      ssim_ += eval::structural_similarity(image, real_image, kRange).sum().item<double>();
    else
      has_ssim_ = false;
    patches_ += image.size(0);
  }

  // hu_per_unit: of the [-1,1] scale.
  ordered_json figures(const std::vector<std::string>& names, double hu_per_unit) const {
    const double all = pixels_.sum().item<double>(), patches = static_cast<double>(patches_);
    ordered_json tissues = ordered_json::object(), dice = ordered_json::object();
    for (std::size_t label = 0; label < names.size(); ++label) {
      const auto index = static_cast<std::int64_t>(label);
      const double pixels = pixels_[index].item<double>(), both = sizes_[index].item<double>();
      if (pixels > 0)
        tissues[names[label]] = {{"hu_mae", absolute_[index].item<double>() / pixels * hu_per_unit},
                                 {"hu_bias", signed_[index].item<double>() / pixels * hu_per_unit},
                                 {"pixels", pixels_[index].item<std::int64_t>()}};
      if (label == 0) continue;
      auto& entry = dice[names[label]];
      if (both > 0) entry = 2 * overlap_[index].item<double>() / both;
    }
    ordered_json json{{"hu_mae", absolute_.sum().item<double>() / all * hu_per_unit},
                      {"hu_bias", signed_.sum().item<double>() / all * hu_per_unit},
                      {"psnr_db", nullptr},
                      {"ssim", nullptr},
                      {"tissues", tissues},
                      {"mask_dice", dice},
                      {"patches", patches_}};
    if (exact_ < patches_) json["psnr_db"] = psnr_ / (patches - static_cast<double>(exact_));
    if (has_ssim_) json["ssim"] = ssim_ / patches;
    return json;
  }

 private:
  torch::Tensor overlap_, sizes_, pixels_, absolute_, signed_;  // by label
  double psnr_ = 0, ssim_ = 0;
  bool has_ssim_ = true;
  std::int64_t exact_ = 0, patches_ = 0;
};

}  // namespace

ordered_json reconstruction(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device,
                            const nets::Tiling& tiling) {
  const torch::NoGradGuard no_grad;
  const std::int64_t labels = patches.labels();
  const auto items = evenly_spaced(patches.size(), kMostReconstructed);
  Errors errors(labels);
  for (std::size_t first = 0; first < items.size(); first += kBatch) {
    const auto last = std::min(items.size(), first + kBatch);
    const PatchBatch batch = patches.batch(
        {items.begin() + static_cast<std::ptrdiff_t>(first), items.begin() + static_cast<std::ptrdiff_t>(last)});
    const auto input = joint_input(batch.image, batch.mask, labels).to(device);
    const auto latents = nets::encode_tiled(net, input.contiguous(torch::MemoryFormat::ChannelsLast), tiling).mean;
    const auto output = nets::decode_tiled(net, latents, tiling).to(torch::kCPU).contiguous();
    errors.add(output.narrow(1, 0, 1).clamp(-1, 1), output.narrow(1, 1, labels).argmax(1), batch.image, batch.mask);
  }
  const auto& info = patches.info();
  return errors.figures(info.labels, (info.window_hu[1] - info.window_hu[0]) / kRange);
}

ordered_json measured_reconstruction(nets::Autoencoder& net, const PatchTensors& validation, torch::Device device,
                                     const nets::Tiling& tiling, std::int64_t step, const MetricsLog& metrics) {
  ordered_json found = metrics.find("autoencoder", "validation", step);
  const std::string of = io::sha256_hex(weights_sha256(*net) + std::to_string(tiling.tile)).substr(0, 16);
  if (!found.is_object() || found.value("of", "") != of) {
    found = reconstruction(net, validation, device, tiling);
    found["of"] = of;
    metrics.add("autoencoder", "validation", step, found);
  }
  for (const char* key : {"schema", "time", "phase", "kind", "step", "of"}) found.erase(key);
  char text[64];
  std::snprintf(text, sizeof text, "%.1f HU", found.at("hu_mae").get<double>());
  log_info(std::string("train: the autoencoder's mean absolute error on validation patients is ") + text +
           ", Dice of its masks " + found.at("mask_dice").dump());
  return found;
}

}  // namespace ctforge::pipeline
