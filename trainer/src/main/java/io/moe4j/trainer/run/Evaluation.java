package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.agreement.RunAgreement;
import io.moe4j.trainer.config.ConfiguredChat;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.EvaluationOutcome;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * An open model that can be evaluated, on any number of ranks, whatever number it was trained on.
 *
 * <pre>{@code
 * try (ModelSource source = ModelSource.open(Path.of("outputs/mine"), registry);
 *         Evaluation evaluation = Evaluation.open(config, source, registry, RankLaunch.threads(config), false)) {
 *     double loss = evaluation.run(data, Long.MAX_VALUE, () -> false).loss();
 * }
 * }</pre>
 *
 * <p>If ranks run in several JVMs, each JVM opens such an object and makes the same calls. Not thread-safe.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Evaluation implements AutoCloseable {
    private final TrainerConfig config;
    private final Registry registry;
    private final ModelSpec spec;
    private final TrainingSession session;
    private final RunDescription description;

    private Evaluation(TrainerConfig config, ModelSpec spec, Registry registry, TrainingSession session) {
        this.config = config;
        this.registry = registry;
        this.spec = spec;
        this.session = session;
        description = RunDescription.of(config, spec, session);
    }

    /**
     * Opens the model, and reads its weights.
     *
     * @param config layout, lengths and element types; its model is not used
     * @param source the model; it is read here, and may be closed afterwards
     * @param readsData whether the data is what the configuration names, so that processes compare it
     * @throws InputException if the model cannot be evaluated, a weight cannot be used, or the memory does not suffice
     */
    public static Evaluation open(TrainerConfig config, ModelSource source, Registry registry, RankLaunch launch,
            boolean readsData) {
        if (launch.worldSize() != config.ranks()) {
            throw new InputException(
                    "the launch has " + Shown.count(launch.worldSize(), "rank") + ", and the configuration "
                            + config.ranks() + "; set ranks to the number that is started");
        }
        ModelSpec spec = source.spec().withPredictionDepth(0).withMoeCommBackend(config.model().moeCommBackend());
        RunAgreement.require(launch, config, spec, Providers.choose(config, spec, registry).all(),
                () -> readsData ? Optional.of(ConfiguredChat.identity(config, registry)) : Optional.empty(),
                Optional.empty(), Optional.of(source.identity()));
        return Resources.open("an evaluation", opened -> {
            TrainingSession session = opened.add(TrainingSession.openEvaluation(config, spec, registry, launch));
            ModelFill.of(session, source);
            return new Evaluation(config, spec, registry, session);
        });
    }

    /** The model, its ranks and devices, and the memory that they take. */
    public RunDescription description() {
        return description;
    }

    /**
     * Evaluates the texts that {@code validation.path} names, each once.
     *
     * @param stop returns whether to end early; called between batches, by the ranks' threads
     * @throws InputException if the texts cannot be read, or have no token
     */
    public EvaluationResult run(BooleanSupplier stop) {
        try (ValidationBatches data = ValidationBatches.require(config, registry, session.launch().localRanks())) {
            if (data.texts().vocabulary() > spec.vocabulary()) {
                throw new InputException("the tokenizer has " + data.texts().vocabulary() + " ids, and " + spec.name()
                        + " a vocabulary of " + spec.vocabulary()
                        + "; name the tokenizer that the model was trained with, with --data.tokenizer");
            }
            ValidationResult loss = run(data, Long.MAX_VALUE, stop);
            if (loss.tokens() == 0 && loss.stoppedBy().isEmpty()) {
                throw new InputException(config.validation().path().map(Path::toString).orElse("the data") + ": "
                        + loss.problem().orElse("no token counts"));
            }
            return new EvaluationResult(loss, data.counts(), data.texts().bytes(), data.texts().ids());
        }
    }

    /**
     * Evaluates other data from its beginning.
     *
     * @param data the batches of each rank, as large as those of a training step
     * @param batches the most batches that are read
     * @param stop returns whether to end before that; called between batches, by the ranks' threads
     * @return the result, as that of step 0
     */
    public ValidationResult run(BatchSource.Factory data, long batches, BooleanSupplier stop) {
        long begin = System.nanoTime();
        EvaluationOutcome outcome = session.onRanks(rank -> {
            try (EvaluationSource source = new EvaluationSource(data, rank.context().rank())) {
                return rank.evaluator().orElseThrow().run("evaluation", source, batches, stop);
            }
        }).getFirst();
        return ValidationResult.of(0, outcome, (System.nanoTime() - begin) / 1e9);
    }

    /** The model. */
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public void close() {
        session.close();
    }
}
