package example.training;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments.Override;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A few steps of the smallest model, on two ranks that are threads of this JVM. */
public final class Training {

    private Training() {}

    /** Prints the loss of each step. */
    public static void main(String[] arguments) {
        train(20, step -> System.out.printf("step %d: loss %.5f%n", step.step(), step.loss()));
    }

    /** Trains for some steps, and tells of each. */
    static List<StepResult> train(int steps, Consumer<StepResult> each) {
        Registry registry = Plugins.load();
        // The options of the command line, as values: all are checked together.
        TrainerConfig loaded = new ConfigLoader(registry).load("deepseek_v3_debugmodel_minimal_async_ep",
                List.of(new Override("ranks", "2"), new Override("parallelism.data_parallel_shard_degree", "2"),
                        new Override("parallelism.expert_parallel_degree", "2"),
                        new Override("lr_scheduler.warmup_steps", "1")),
                ConfigUse.training());
        // Or changed in code.
        TrainerConfig config = loaded
                .withTraining(loaded.training().withSteps(steps).withSeqLen(32).withLocalBatchSize(1));
        List<StepResult> results = new ArrayList<>();
        try (TrainingRun run = Trainer.open(config, registry)) {
            System.out.printf("the first of %d tensors: %s%n", run.tensors().shapes().size(),
                    run.tensors().shapes().firstKey());
            while (run.hasNext()) {
                StepResult step = run.step();
                each.accept(step);
                results.add(step);
            }
        }
        return results;
    }
}
