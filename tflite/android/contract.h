// What a network expects and gives: "contract" of the tfisp.json inside a .tflite file.
//
// C++17, standard library only.
#ifndef TFISP_CONTRACT_H_
#define TFISP_CONTRACT_H_

#include <array>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace tfisp {

// Four numbers of a 2x2 tile, row by row.
using Sites = std::array<double, 4>;

enum class Form { kPacked, kSplit, kMosaic };
enum class Clip { kNone, kHighlights, kShadows };

// The contract, entry by entry.
struct Contract {
  Form form = Form::kPacked;
  std::optional<Sites> black_level;   // for R, G / G, B whatever the sensor's pattern; else its own
  std::optional<double> white_level;  // else the sensor's own
  bool as_shot = false;               // white_balance is "as_shot"
  bool shading = false;
  bool frame_exposure = false;  // exposure is "frame"
  Clip clip = Clip::kNone;
  bool compand = false;        // companding is "sqrt"
  bool camera_output = false;  // output is "camera"
};

// The entries that are names, as tfisp.json spells them. It leaves the last two out where they are
// what stands here.
struct ContractNames {
  std::string form = "packed", white_balance = "none", exposure = "none", clip = "none";
  std::string companding = "none", output = "srgb";
};

// What `name` means at `entry` of a contract.
template <class Choice>
Choice choose(const std::string& entry, const std::string& name,
              std::initializer_list<std::pair<const char*, Choice>> choices) {
  std::string known;
  for (const auto& [spelling, choice] : choices) {
    if (name == spelling) return choice;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  throw std::invalid_argument("contract: " + entry + " '" + name + "' is not one of " + known);
}

// The contract that has these names; its levels and shading are for the caller to fill in.
//
// Throws std::invalid_argument where a name is unknown: a newer tfisp wrote it, and whatever is
// done instead of what it asks for gives a wrong picture.
inline Contract named_contract(const ContractNames& names) {
  Contract contract;
  contract.form = choose<Form>(
      "form", names.form,
      {{"packed", Form::kPacked}, {"split", Form::kSplit}, {"mosaic", Form::kMosaic}});
  contract.as_shot =
      choose<bool>("white_balance", names.white_balance, {{"none", false}, {"as_shot", true}});
  contract.frame_exposure =
      choose<bool>("exposure", names.exposure, {{"none", false}, {"frame", true}});
  contract.clip = choose<Clip>(
      "clip", names.clip,
      {{"none", Clip::kNone}, {"highlights", Clip::kHighlights}, {"shadows", Clip::kShadows}});
  contract.compand =
      choose<bool>("companding", names.companding, {{"none", false}, {"sqrt", true}});
  contract.camera_output =
      choose<bool>("output", names.output, {{"srgb", false}, {"camera", true}});
  if (contract.camera_output && (!contract.as_shot || contract.frame_exposure))
    throw std::invalid_argument(
        "contract: output 'camera' needs white_balance 'as_shot' and exposure 'none'");
  return contract;
}

}  // namespace tfisp

#endif  // TFISP_CONTRACT_H_
