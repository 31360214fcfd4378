// Settings against one another.
#include "pipeline/train/train_check.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/train/train_method.h"

#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace {

// A setting that is not its default's: somebody expects something of it.
struct Given {
  const char* key;
  bool given;
  bool used;
  const char* by;  // what uses it
};

std::vector<Given> given_settings(const TrainConfig& config) {
  const TrainConfig plain;
  const bool ddpm = config.method == "ddpm", flow = config.method == "rectified_flow";
  const bool consistency = config.method == "consistency";
  const bool lognormal = !consistency && (config.times == "lognormal" || (config.times == "auto" && !ddpm));
  const bool latents = config.codec == "autoencoder";
  return {
      {"from_weights", !config.from_weights, !config.from.empty(), "train.from"},
      {"betas", config.betas != plain.betas, ddpm, "train.method ddpm"},
      {"beta_limits", !config.beta_limits.empty(), ddpm && config.betas != "cosine",
       "train.method ddpm with betas other than cosine"},
      {"bound_weight", config.bound_weight != plain.bound_weight, config.learned_variance, "train.learned_variance"},
      {"bound_patches", config.bound_patches != plain.bound_patches, config.learned_variance, "train.learned_variance"},
      {"huber_delta", config.huber_delta != plain.huber_delta, config.loss == "huber", "train.loss huber"},
      {"min_snr_gamma", config.min_snr_gamma != plain.min_snr_gamma, config.weighting == "min_snr",
       "train.weighting min_snr"},
      {"schedule_reference", config.schedule_reference != plain.schedule_reference, config.schedule == "inverse_sqrt",
       "train.schedule inverse_sqrt"},
      {"ema_snapshots", config.ema_snapshots != plain.ema_snapshots, !config.ema_lengths.empty(), "train.ema_lengths"},
      {"noise_mean", config.noise_mean != plain.noise_mean, lognormal && !flow,
       "train.times lognormal under another method than rectified_flow"},
      {"noise_deviation", config.noise_deviation != plain.noise_deviation, lognormal && !flow,
       "train.times lognormal under another method than rectified_flow"},
      {"logit_mean", config.logit_mean != plain.logit_mean, lognormal && flow,
       "train.method rectified_flow with train.times lognormal"},
      {"logit_deviation", config.logit_deviation != plain.logit_deviation, lognormal && flow,
       "train.method rectified_flow with train.times lognormal"},
      {"jitter", config.jitter != 0, !latents, "train.codec identity; that of the autoencoder is its own"},
  };
}

std::vector<Given> given_to_parts(const TrainConfig& config) {
  const TrainConfig plain;
  const auto& consistency = config.consistency;
  const auto& augment = config.augment;
  const auto& autoencoder = config.autoencoder;
  const bool consistent = config.method == "consistency", augmented = augment.probability > 0;
  const bool judged = autoencoder.adversarial_weight > 0;
  const char *by_method = "train.method consistency", *by_augment = "train.augment.probability above 0",
             *by_critic = "train.autoencoder.adversarial_weight above 0";
  return {
      {"consistency.stages", consistency.stages != plain.consistency.stages, consistent, by_method},
      {"consistency.base", consistency.base != plain.consistency.base, consistent, by_method},
      {"consistency.noise_mean", consistency.noise_mean != plain.consistency.noise_mean, consistent, by_method},
      {"consistency.noise_deviation", consistency.noise_deviation != plain.consistency.noise_deviation, consistent,
       by_method},
      {"consistency.huber", consistency.huber != plain.consistency.huber, consistent, by_method},
      {"augment.copies", augment.copies != plain.augment.copies, augmented && config.codec == "autoencoder",
       "train.codec autoencoder and train.augment.probability above 0"},
      {"augment.rotation_degrees", augment.rotation_degrees != plain.augment.rotation_degrees, augmented, by_augment},
      {"augment.log_scale", augment.log_scale != plain.augment.log_scale, augmented, by_augment},
      {"augment.log_aspect", augment.log_aspect != plain.augment.log_aspect, augmented, by_augment},
      {"augment.translation", augment.translation != plain.augment.translation, augmented, by_augment},
      {"autoencoder.adversarial_start", autoencoder.adversarial_start != plain.autoencoder.adversarial_start, judged,
       by_critic},
      {"autoencoder.adversarial_channels", autoencoder.adversarial_channels != plain.autoencoder.adversarial_channels,
       judged, by_critic},
  };
}

bool lite0_is_there() {
  try {
    return find_lite0("auto").has_value();
  } catch (const io::DataError&) {
    return false;
  }
}

}  // namespace

void check_train(const TrainConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse = [&problems](bool wrong, const char* key, const std::string& text) {
    if (wrong) problems.push_back({"configuration", std::string("train.") + key, text});
  };
  gather_problems(problems, [&] { method_of(config); });
  for (const auto& settings : {given_settings(config), given_to_parts(config)})
    for (const Given& setting : settings)
      refuse(setting.given && !setting.used, setting.key, std::string("would do nothing: it is for ") + setting.by);
  refuse(config.method == "consistency" && config.time_limit_min > 0, "time_limit_min",
         "must be 0 for train.method consistency, whose stages are parts of train.steps");
  if (config.codec == "autoencoder" && config.from.empty()) {
    const AutoencoderTraining& autoencoder = config.autoencoder;
    refuse(autoencoder.adversarial_weight > 0 && autoencoder.adversarial_start >= autoencoder.steps,
           "autoencoder.adversarial_start",
           "must be below train.autoencoder.steps, or the discriminator is never heard");
    refuse(autoencoder.perceptual_weight > 0 && !lite0_is_there(), "autoencoder.perceptual_weight",
           "needs the weights of EfficientNet-Lite0, which were not found: name their file with CTFORGE_LITE0");
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace ctforge::pipeline
