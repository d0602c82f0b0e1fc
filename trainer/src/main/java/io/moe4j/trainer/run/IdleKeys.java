package io.moe4j.trainer.run;

import io.moe4j.api.Shown;
import io.moe4j.trainer.config.FieldChoice;
import io.moe4j.trainer.config.LoraConfig;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.ValidationConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Finds keys that have no effect because the key that enables them is not set. This may be intended, so it is a warning and not an error. */
final class IdleKeys {
    private static final String ALL_TARGETS = "all-linear";

    private IdleKeys() {}

    /** The warnings, each with the values and the remedy. */
    static List<String> remarks(TrainerConfig config) {
        List<String> remarks = new ArrayList<>();
        LoraConfig lora = config.lora();
        if (!lora.isOn() && !lora.targets().equals(ALL_TARGETS)) {
            remarks.add(
                    "lora.targets = \"" + Shown.of(lora.targets())
                            + "\", and lora.rank = 0: all parameters are trained, and no"
                            + " low-rank updates; for these, set lora.rank, such as 16");
        }
        ValidationConfig validation = config.validation();
        if (validation.interval() == 0 && validation.split() > 0) {
            remarks.add(
                    "validation.split = " + validation.split() + ", and validation.interval = 0: these documents are"
                            + " kept from training, and nothing is validated; set validation.interval, such as 100");
        }
        if (validation.interval() == 0 && validation.path().isPresent()) {
            remarks.add("validation.path = \"" + Shown.of(validation.path().get())
                    + "\", and validation.interval = 0: nothing is"
                    + " validated; set validation.interval, such as 100");
        }
        if (validation.path().isEmpty()) {
            List<String> fields = fields(validation);
            if (!fields.isEmpty()) {
                remarks.add(String.join(", ", fields)
                        + ", and no validation.path: these keys say how its files are read,"
                        + " and nothing uses them; give validation.path. Documents that validation.split keeps are read"
                        + " as those of training");
            }
        }
        return remarks;
    }

    /** The keys that give validation.path fields of its own, with their values. */
    private static List<String> fields(ValidationConfig validation) {
        Map<String, FieldChoice> choices = new LinkedHashMap<>();
        choices.put("validation.text_field", validation.textField());
        choices.put("validation.prompt_field", validation.promptField());
        choices.put("validation.messages_field", validation.messagesField());
        return choices.entrySet().stream().flatMap(choice -> switch (choice.getValue()) {
            case FieldChoice.OfData() -> Stream.<String>empty();
            case FieldChoice.None() -> Stream.of(choice.getKey() + " = \"\"");
            case FieldChoice.Named(String name) -> Stream.of(choice.getKey() + " = \"" + Shown.of(name) + "\"");
        }).toList();
    }
}
