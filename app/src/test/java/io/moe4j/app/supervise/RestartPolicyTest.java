package io.moe4j.app.supervise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.Shown;
import io.moe4j.app.supervise.RestartPolicy.Decision;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a failed run is started again, and how ranks are named. */
class RestartPolicyTest {

    @Test
    void withoutRestartsTheFirstFailureIsTheEnd() {
        assertEquals(new Decision.GiveUp(""), new RestartPolicy(0, Optional.empty()).failed(Optional.empty()));
    }

    @Test
    void delaysDoubleUntilSomethingIsSaved() {
        RestartPolicy policy = new RestartPolicy(9, Optional.empty());
        assertEquals(restart(1, 1), policy.failed(Optional.empty()));
        assertEquals(restart(2, 2), policy.failed(Optional.empty()));
        assertEquals(restart(3, 1), policy.failed(step(10)));
        assertEquals(restart(4, 2), policy.failed(step(10)));
        assertTrue(policy.failed(step(10)) instanceof Decision.GiveUp(String reason)
                && reason.contains("the last 2 restarts have saved nothing new"));
    }

    @Test
    void delaysHaveALimitAndRestartsAreCounted() {
        RestartPolicy policy = new RestartPolicy(3, step(5));
        for (int i = 1; i <= 3; i++) {
            assertEquals(new Decision.Restart(i, 3, Duration.ofSeconds(1)), policy.failed(step(5 + i)));
        }
        assertEquals(new Decision.GiveUp("all of its --max-restarts 3 are used up"), policy.failed(step(9)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"2|rank 2", "0,1|ranks 0 and 1", "3,1,2,0|ranks 0 to 3",
            "0,2,3|ranks 0, 2 and 3", "0,1,2,5,7,8,9|ranks 0 to 2, 5 and 7 to 9"})
    void ranksAreNamedShortly(String ranks, String name) {
        assertEquals(name, Shown.ranks(List.of(ranks.split(",")).stream().map(Integer::valueOf).toList()));
    }

    private static Decision restart(int number, int seconds) {
        return new Decision.Restart(number, 9, Duration.ofSeconds(seconds));
    }

    private static Optional<Path> step(int step) {
        return Optional.of(Path.of("step-%09d".formatted(step)));
    }
}
