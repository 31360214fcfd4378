// The record to JSON and back.
#include "pipeline/sample/generator_record.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace {

constexpr int kRecordSchema = 2;

Method method_from_json(const nlohmann::json& value) {
  const int schema = value.value("schema", 1);
  if (schema > kRecordSchema)
    throw io::DataError(io::Fault::UnsupportedFormat,
                        "the checkpoint was written by a later ctforge: its record has schema " +
                            std::to_string(schema) + ", this one knows " + std::to_string(kRecordSchema));
  const std::string name = value.at("method");
  if (schema == 1) {
    if (name == "vp_cosine") return {"ddpm", "cosine", false, value.at("target"), false};
    return {name, "", false, "edm", false};
  }
  return {name,
          value.at("betas"),
          value.at("zero_terminal_snr"),
          value.at("target"),
          value.at("learned_variance"),
          value.value("beta_limits", std::vector<double>())};
}

}  // namespace

std::string to_json(const GeneratorRecord& record) {
  const io::ShardInfo& patches = record.patches;
  nlohmann::json networks{{"unet", nlohmann::json::parse(nets::to_json(record.unet))}};
  if (record.gan) networks = {{"gan", nlohmann::json::parse(nets::to_json(*record.gan))}};
  nlohmann::json text{{"schema", kRecordSchema},
                      {"codec", record.codec},
                      {"method", record.method.name},
                      {"betas", record.method.betas},
                      {"beta_limits", record.method.beta_limits},
                      {"zero_terminal_snr", record.method.zero_terminal_snr},
                      {"target", record.method.target},
                      {"learned_variance", record.method.learned_variance},
                      {"sigma_data", record.sigma_data},
                      {"shift", record.shift},
                      {"scale", record.scale},
                      {"latent_shape", record.latent_shape},
                      {"tile", record.tile},
                      {"autoencoder_sha256", record.autoencoder_sha256},
                      {"train_sha256", record.train_sha256},
                      {"patches",
                       {{"height", patches.height},
                        {"width", patches.width},
                        {"classes", patches.classes},
                        {"labels", patches.labels},
                        {"spacing_mm", patches.spacing_mm},
                        {"window_hu", patches.window_hu}}},
                      {"config", nlohmann::json::parse(record.config)},
                      {"bf16", record.bf16}};
  text.update(networks);
  return text.dump();
}

GeneratorRecord generator_record_from_json(const std::string& text) {
  try {
    const nlohmann::json value = nlohmann::json::parse(text);
    GeneratorRecord record;
    record.codec = value.at("codec");
    record.method = method_from_json(value);
    record.sigma_data = value.at("sigma_data");
    record.shift = value.at("shift").get<std::vector<double>>();
    record.scale = value.at("scale").get<std::vector<double>>();
    record.latent_shape = value.at("latent_shape").get<std::array<std::int64_t, 3>>();
    record.tile = value.value("tile", std::int64_t{0});
    if (value.contains("gan")) {
      record.gan = nets::gan_config_from_json(value.at("gan").dump());
    } else {
      record.unet = nets::unet_config_from_json(value.at("unet").dump());
    }
    record.autoencoder_sha256 = value.at("autoencoder_sha256");
    record.train_sha256 = value.value("train_sha256", "");
    const nlohmann::json& patches = value.at("patches");
    record.patches.height = patches.at("height");
    record.patches.width = patches.at("width");
    record.patches.classes = patches.at("classes").get<std::vector<std::string>>();
    record.patches.labels = patches.at("labels").get<std::vector<std::string>>();
    record.patches.spacing_mm = patches.at("spacing_mm").get<io::Vector3>();
    record.patches.window_hu = patches.at("window_hu").get<std::array<double, 2>>();
    record.config = value.at("config").dump();
    record.bf16 = value.at("bf16");
    const auto channels = static_cast<std::size_t>(record.latent_shape[0]);
    const bool latents = record.codec == "autoencoder";
    const std::int64_t answers = record.latent_shape[0] * (record.method.learned_variance ? 2 : 1);
    const std::int64_t given = record.gan ? record.gan->image_channels : record.unet.out_channels;
    if ((!latents && record.codec != "identity") || given != answers ||
        (latents && (record.shift.size() != channels || record.scale.size() != channels)))
      throw io::DataError(io::Fault::InvalidShard, "the checkpoint's description of its generator contradicts itself");
    parametrisation_of(record);  // which throws for what no method is
    return record;
  } catch (const std::invalid_argument&) {
    throw io::DataError(io::Fault::InvalidShard,
                        "the checkpoint's generator was trained by a method that is not known");
  } catch (const nlohmann::json::exception&) {
    throw io::DataError(io::Fault::InvalidShard, "the checkpoint's description of its generator cannot be read");
  }
}

diffusion::Parametrisation parametrisation_of(const GeneratorRecord& record) {
  return parametrisation_of(record.method, record.sigma_data);
}

std::string weights_sha256(const torch::nn::Module& module) {
  io::Sha256 hash;
  for (const auto& [name, tensor] : nets::named_tensors(module)) {
    const auto plain = tensor.to(torch::kCPU, torch::kFloat32).contiguous();
    hash.update(name);
    for (const std::int64_t extent : plain.sizes()) hash.update(" " + std::to_string(extent));
    hash.update("\n");
    hash.update(std::span(static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes()));
  }
  return hash.hex();
}

}  // namespace ctforge::pipeline
