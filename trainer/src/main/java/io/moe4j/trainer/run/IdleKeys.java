package io.moe4j.trainer.run;

import io.moe4j.api.Shown;
import io.moe4j.trainer.config.LoraConfig;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.ValidationConfig;
import java.util.ArrayList;
import java.util.List;

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
        return remarks;
    }
}
