package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileConfigTest {

    @ParameterizedTest
    @CsvSource({"12, 12, 12", "10-12, 10, 12", "1-1, 1, 1", "'  3-4 ', 3, 4"})
    void stepsAreOneOrARange(String text, long first, long last) {
        ProfileConfig.Range range = new ProfileConfig(Optional.of(text)).range().orElseThrow();
        assertEquals(new ProfileConfig.Range(first, last), range);
        assertTrue(range.contains(first) && range.contains(last));
        assertFalse(range.contains(first - 1) || range.contains(last + 1));
    }

    @Test
    void aRangeIsShownAsItIsWritten() {
        assertEquals("10-12", new ProfileConfig.Range(10, 12).toString());
        assertEquals("7", new ProfileConfig.Range(7, 7).toString());
        assertEquals(Optional.empty(), new ProfileConfig(Optional.empty()).range());
    }

    @ParameterizedTest
    @CsvSource({"x, 'it must be one step, or the first and the last of some'",
            "0, 'it must be one step, or the first and the last of some'",
            "5-3, 'it must be one step, or the first and the last of some'",
            "1-2-3, 'it must be one step, or the first and the last of some'",
            "99999999999999999999, 'it must be one step, or the first and the last of some'",
            "58-61, the run has no such step", "1-51, more than 50 steps make a trace that is too large to look at"})
    void whatIsNoneIsRefused(String text, String rule) {
        ConfigException refused = assertThrows(ConfigException.class,
                () -> new ConfigLoader(Plugins.load(List.of())).load(NamedConfigs.DEFAULT,
                        Arguments.of("profile.steps=" + text, "training.steps=60").overrides(), ConfigUse.planning()));
        assertTrue(String.valueOf(refused.getMessage()).contains(rule), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains("has one problem"), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"metrics.prometheus_port=65536, it must lie between 0 and 65535",
            "metrics.layers_every=-1, it must be at least 0", "runtime.threads=1025, 'must lie between 0 and 1024;'",
            "metrics.prometheus_host=, 'the value must be'"})
    void keysOfMetricsHaveTheirRules(String override, String rule) {
        ConfigException refused = assertThrows(ConfigException.class,
                () -> new ConfigLoader(Plugins.load(List.of())).load(NamedConfigs.DEFAULT,
                        Arguments.of(override).overrides(), ConfigUse.planning()));
        assertTrue(String.valueOf(refused.getMessage()).contains(rule), refused.getMessage());
    }
}
