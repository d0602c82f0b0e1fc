package example.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.run.StepResult;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingTest {

    @Test
    void itTrains() {
        List<StepResult> steps = Training.train(2, step -> {});
        assertEquals(List.of(1L, 2L), steps.stream().map(StepResult::step).toList());
        assertTrue(steps.stream().allMatch(step -> step.loss() > 0 && step.loss() < 20), steps::toString);
    }

    /** What a library must not bring along. */
    @Test
    void nothingComesAlongUnasked() {
        for (String name : List.of("picocli.CommandLine", "me.tongfei.progressbar.ProgressBar", "org.jline.terminal.Terminal",
                "ch.qos.logback.classic.Logger", "jcuda.driver.JCudaDriver", "org.bytedeco.cuda.global.cudart")) {
            assertThrows(ClassNotFoundException.class, () -> Class.forName(name), name);
        }
    }
}
