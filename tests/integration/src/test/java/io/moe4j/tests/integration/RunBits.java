package io.moe4j.tests.integration;

import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.run.ValidationResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What two runs have alike if they have the same bits. */
final class RunBits {

    private RunBits() {}

    /** Losses and gradient norms of the steps that are left, losses of their validations, and all parameters after the last. */
    static List<Object> of(TrainingRun run) {
        List<Object> bits = new ArrayList<>();
        StepListener listener = new StepListener() {
            @Override
            public void made(StepResult step) {}

            @Override
            public void validated(ValidationResult validation) {
                bits.add(validation.loss());
            }
        };
        while (run.hasNext()) {
            StepResult step = run.step(listener);
            bits.add(step.loss());
            bits.add(step.gradientNorm());
        }
        bits.add(parameters(run));
        return bits;
    }

    /** A hash of the values of each parameter, by its name. */
    static Map<String, Integer> parameters(TrainingRun run) {
        Map<String, Integer> hashes = new TreeMap<>();
        run.tensors().shapes().keySet()
                .forEach(name -> hashes.put(name, Arrays.hashCode(run.tensors().read(name).values())));
        return hashes;
    }
}
