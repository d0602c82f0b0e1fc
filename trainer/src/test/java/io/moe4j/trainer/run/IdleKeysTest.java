package io.moe4j.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdleKeysTest {

    @ParameterizedTest
    @CsvSource({"lora.targets=q_proj, set lora.rank", "validation.split=0.5, kept from training",
            "validation.path=x, nothing is validated", "validation.text_field=body, give validation.path",
            "validation.messages_field=, give validation.path"})
    void aKeyThatDoesNothingByItselfIsToldWithTheOneThatIsMissing(String override, String part) {
        List<String> remarks = remarks(override);
        assertEquals(1, remarks.size(), remarks.toString());
        assertTrue(remarks.getFirst().contains(part), remarks.toString());
    }

    @Test
    void keysThatAreTurnedOnAreNotTold() {
        assertEquals(List.of(), remarks());
        assertEquals(List.of(), remarks("validation.interval=5", "validation.split=0.5"));
        assertEquals(List.of(), remarks("validation.interval=5", "validation.path=x"));
        assertEquals(List.of(),
                remarks("validation.interval=5", "validation.path=x", "validation.text_field=body"));
        assertEquals(List.of(), remarks("lora.rank=4", "lora.targets=q_proj", "checkpoint.enable=false"));
    }

    private static List<String> remarks(String... overrides) {
        return IdleKeys.remarks(new ConfigLoader(Plugins.load(List.of())).load(NamedConfigs.DEFAULT,
                Arguments.of(overrides).overrides(), ConfigUse.planning()));
    }
}
