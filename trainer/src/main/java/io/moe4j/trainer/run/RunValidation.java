package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.ValidationConfig;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.EvaluationOutcome;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Validates a run after some of its steps, each time with the same data from its beginning. */
final class RunValidation {
    private static final Logger log = LoggerFactory.getLogger(RunValidation.class);

    private final ValidationConfig config;
    private final TrainingSession session;
    private final BatchSource.Factory data;
    private final Set<String> told = new HashSet<>();

    RunValidation(ValidationConfig config, TrainingSession session, BatchSource.Factory data) {
        this.config = config;
        this.session = session;
        this.data = data;
    }

    /**
     * The validation of a run; empty if the configuration asks for none.
     *
     * @throws InputException if the configuration asks for validations, and there is no data for them
     */
    static Optional<RunValidation> of(ValidationConfig config, TrainingSession session,
            Optional<BatchSource.Factory> data) {
        if (config.interval() == 0) {
            return Optional.empty();
        }
        return Optional.of(new RunValidation(config, session, data.orElseThrow(() -> noData(config))));
    }

    /**
     * Checks that there is data for validations, if the configuration asks for some. Nothing is opened.
     *
     * @param given whether the options of the run have data
     * @throws InputException if there is none
     */
    static void requireData(TrainerConfig config, boolean given) {
        if (config.validation().interval() > 0 && !given && ConfiguredData.validation(config).isEmpty()) {
            throw noData(config.validation());
        }
    }

    private static InputException noData(ValidationConfig config) {
        return new InputException("validation.interval = " + config.interval()
                + " asks for validations, and there is no data for them; give validation.path, or validation.split,"
                + " such as 0.01, or set validation.interval to 0. From Java, RunOptions.withValidation gives data too");
    }

    /** Whether there is a validation after this step. */
    boolean isDue(long step, boolean last) {
        return step % config.interval() == 0 || last;
    }

    /**
     * Validates. Problems are logged, and do not end the run. One that each validation has, such as data without documents, is logged once: the line of
     * output and {@code metrics.jsonl} have it each time.
     *
     * @param stop returns whether this process was asked to end
     */
    ValidationResult run(long step, BooleanSupplier stop) {
        String name = "validation after step " + step;
        long begin = System.nanoTime();
        long batches = config.steps() == 0 ? Long.MAX_VALUE : config.steps();
        EvaluationOutcome outcome = session.onRanks(rank -> {
            try (EvaluationSource source = new EvaluationSource(data, rank.context().rank())) {
                return rank.evaluator().orElseThrow().run(name, source, batches, stop);
            }
        }).getFirst();
        ValidationResult result = ValidationResult.of(step, outcome, (System.nanoTime() - begin) / 1e9);
        if (session.launch().hasFirstRank()) {
            result.problem().filter(told::add).ifPresent(problem -> log.warn("{}: {}{}; the run {}", name, problem,
                    hint(outcome), result.stoppedBy().isEmpty() ? "goes on" : "ends"));
        }
        return result;
    }

    /** What to do where a split keeps no documents. */
    private String hint(EvaluationOutcome outcome) {
        return outcome instanceof EvaluationOutcome.Completed all && all.tokens() == 0 && config.split() > 0
                ? ". validation.split = " + config.split()
                        + " keeps none of the documents that were read, or none with labels: raise it"
                : "";
    }
}
