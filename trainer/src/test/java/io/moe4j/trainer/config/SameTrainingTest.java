package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.plugins.Plugins;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What may be changed when a run is continued, or begun again in its folder. */
final class SameTrainingTest {

    private static TrainerConfig config(String... overrides) {
        return new ConfigLoader(Plugins.load()).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(overrides).overrides(), ConfigUse.planning());
    }

    @Test
    void whatChangesNoBitIsFree() {
        assertEquals(List.of(),
                SameTraining.differences(config(), config("training.keep_converted=off", "training.overlap=off",
                        "activation_checkpoint.mode=budget", "activation_checkpoint.memory_budget=1",
                        "training.steps=7")));
        assertEquals(List.of("training.parameter_dtype", "training.seq_len"), SameTraining.differences(config(),
                config("training.seq_len=16", "training.parameter_dtype=bfloat16", "training.keep_converted=off")));
    }

    /** The folder says which model it is, whatever a version of moe4j writes as its flavor. */
    @Test
    void theFlavorOfAFolderDoesNotCount() {
        TrainerConfig config = config();
        TrainerConfig now = config.withModel(config.model().withFrom(Optional.of(Path.of("models/base")))
                .withFlavor("base"));
        assertEquals(List.of(), SameTraining.differences(now.withModel(now.model().withFlavor("config.json")), now));
        assertEquals(List.of("model.flavor"),
                SameTraining.differences(config.withModel(config.model().withFlavor("16B")), config));
        assertFalse(AgreedKeys.of(now).containsKey("model.flavor"));
        assertTrue(AgreedKeys.of(config).containsKey("model.flavor"));
    }
}
