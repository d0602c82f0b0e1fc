package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which name is offered for one that does not exist. */
class NearestKeyTest {
    private static final List<String> NAMES = List.of("debugmodel", "16B_4layers", "16B", "training.steps", "AdamW",
            "data.path", "validation.path");

    @ParameterizedTest
    @CsvSource({"16b, 16B", "16B_4, 16B_4layers", "DebugModel, debugmodel", "steps, training.steps", "adamw, AdamW",
            "validaton.path, validation.path", "validatoin.pth, validation.path", "x,"})
    void theNameThatDiffersLeastIsTaken(String given, String expected) {
        assertEquals(Optional.ofNullable(expected), NearestKey.of(given, NAMES));
    }
}
