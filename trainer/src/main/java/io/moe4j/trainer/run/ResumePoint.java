package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.trainer.checkpoint.CheckpointLoad;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.DamageException;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.checkpoint.store.StoredLora;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.ResumeFrom;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.FolderSource;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.RankLaunch;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a run begins: after the steps of a checkpoint, or with the first step. */
final class ResumePoint {
    private static final Logger log = LoggerFactory.getLogger(ResumePoint.class);

    private ResumePoint() {}

    /**
     * Opens the checkpoint that the configuration says to continue, and compares it with its digests, of which each process takes a share.
     *
     * @throws InputException if the checkpoint cannot be continued, or if the output folder has checkpoints of another run
     */
    static Optional<CheckpointLoad> open(TrainerConfig config, RunOptions options) {
        Optional<CheckpointLoad> load = (switch (config.checkpoint().resume()) {
            case Resume.Nothing() -> Optional.<CheckpointChoice>empty();
            case Resume.Auto() -> NewestWhole.find(TrainingRun.checkpoints(options.output().orElseThrow(
                    () -> new InputException(
                            "checkpoint.resume = \"auto\" continues the checkpoints in the run's folder,"
                                    + " and this run has none: give one with RunOptions.withOutput"))),
                    options.launch());
            case Resume.From(Path path) -> isFirstStart(path, options.output()) ? Optional.<CheckpointChoice>empty()
                    : Optional.of(choose(path, config.checkpoint().resumeFrom(), options.launch()));
        }).map(CheckpointLoad::new);
        try {
            options.output().ifPresent(output -> requireNoneBeyond(load, TrainingRun.checkpoints(output)));
            return load;
        } catch (RuntimeException e) {
            load.ifPresent(CheckpointLoad::close);
            throw e;
        }
    }

    /**
     * Checks that a checkpoint is of the model of this run.
     *
     * @throws InputException if it is of another model
     */
    static void requireSameModel(CheckpointLoad load, StoredModel now, TrainerConfig config) {
        requireSameUpdates(load, config.lora().spec());
        load.progress().model().filter(before -> !before.name().equals(now.name()) || (before.flavor().isPresent()
                && now.flavor().isPresent() && !before.flavor().equals(now.flavor()))).ifPresent(before -> {
                    throw new InputException(load.folder() + " is of the model " + shown(before)
                            + ", and this run trains " + shown(now) + ": a checkpoint is continued with its own model."
                            + " Set model.name and model.flavor to those of the checkpoint, or give another --output");
                });
        load.progress().model().ifPresent(before -> requireModules(load, before.predictionDepth(),
                now.predictionDepth(), config.model().numNextnPredictLayers().isPresent()));
    }

    /** The checkpoint's modules for multi-token prediction may be dropped, but only if the configuration says so. */
    private static void requireModules(CheckpointLoad load, OptionalInt before, OptionalInt now, boolean said) {
        if (before.isEmpty() || now.isEmpty() || before.getAsInt() == now.getAsInt()
                || (said && before.getAsInt() > now.getAsInt())) {
            return;
        }
        throw new InputException(load.folder() + " has " + Shown.count(before.getAsInt(), "module")
                + " for multi-token prediction, and this run trains " + now.getAsInt()
                + ": set model.num_nextn_predict_layers to " + before.getAsInt()
                + (before.getAsInt() > now.getAsInt() ? ", or to " + now.getAsInt() + " to go on without the others"
                        : ""));
    }

    /** Checks that the checkpoint has low-rank updates of the same rank, alpha and targets as this run, or that both train all parameters. */
    private static void requireSameUpdates(CheckpointLoad load, Optional<LoraSpec> now) {
        Optional<LoraSpec> before = load.progress().model().flatMap(StoredModel::lora).map(StoredLora::spec);
        if (!before.equals(now)) {
            throw new InputException(load.folder() + " has " + shown(before) + ", and this run trains " + shown(now)
                    + ": a checkpoint is continued with its own lora.rank, lora.alpha and lora.targets. Set them to those"
                    + " of the checkpoint"
                    + (before.isPresent() ? ", or begin anew with lora.from and an exported adapter"
                            : ", or begin anew with model.from and the exported model"));
        }
    }

    /** Checks that low-rank updates are continued with the frozen weights that they were trained with. */
    static void requireSameWeights(CheckpointLoad load, Optional<ModelSource> start) {
        load.progress().model().flatMap(StoredModel::lora).ifPresent(updates -> start
                .filter(FolderSource.class::isInstance).map(FolderSource.class::cast)
                .ifPresent(folder -> folder.requireContent(updates.base(), load.folder())));
    }

    private static String shown(Optional<LoraSpec> lora) {
        return lora.map(spec -> "low-rank updates of rank " + spec.rank() + ", alpha " + spec.alpha() + ", of "
                + String.join(", ", spec.targets())).orElse("all parameters");
    }

    private static String shown(StoredModel model) {
        return model.name() + model.flavor().map(flavor -> " " + flavor).orElse("");
    }

    private static CheckpointChoice choose(Path resume, ResumeFrom from, RankLaunch launch) {
        return switch (from) {
            case NEWEST -> CheckpointChoice.newest(resume, Set.copyOf(launch.localRanks()), launch.worldSize());
            // All processes must make the same choice, so that each compares everything.
            case NEWEST_WHOLE -> CheckpointChoice.newestWhole(resume);
        };
    }

    /** Whether the run is to continue its own output folder, which has no checkpoint yet. Jobs that may be requeued are configured like this. */
    private static boolean isFirstStart(Path resume, Optional<Path> output) {
        boolean first = output.filter(folder -> normal(folder).equals(normal(resume))).isPresent()
                && CheckpointChoice.candidates(resume).isEmpty();
        if (first) {
            log.warn("{} has no checkpoint yet: the run begins with step 1", resume);
        }
        return first;
    }

    /** Checks that the output folder has no checkpoints of another run: its newest could be taken for one of this run. */
    private static void requireNoneBeyond(Optional<CheckpointLoad> load, Path checkpoints) {
        long begin = load.map(found -> found.progress().step()).orElse(0L);
        List<Path> aside = load.map(CheckpointLoad::damaged).orElse(List.of()).stream().map(ResumePoint::normal)
                .toList();
        List<Path> others = new CheckpointStore(checkpoints, FileOperations.disk()).all().stream()
                .filter(each -> !aside.contains(each)).toList();
        if (others.isEmpty()) {
            return;
        }
        Path newest = others.getLast();
        StoredCheckpoint opened;
        try {
            opened = StoredCheckpoint.open(newest);
            if (opened.progress().step() > begin) {
                opened.verify();
            }
        } catch (DamageException e) {
            throw new InputException(checkpoints + " has the checkpoints of a run, of which the newest is damaged: "
                    + newest + ": " + e.getMessage() + ". Go on from its newest whole one with --checkpoint.resume "
                    + checkpoints + " --checkpoint.resume_from newest_whole, or give another --output", e);
        }
        long step = opened.progress().step();
        if (step > begin) {
            throw new InputException(newest + " is of step " + step + ", and this run begins after step " + begin
                    + ": a folder has the checkpoints of one run. Give another --output, continue that run with"
                    + " --checkpoint.resume " + newest + ", or remove its folder");
        }
    }

    /** The number of sequences after which the data goes on. Logs a warning for everything that changes the order of the data. */
    static long sequences(Path folder, Progress progress, TrainerConfig config) {
        if (progress.seed() != config.training().seed() && progress.position().isPresent()) {
            log.warn(
                    "{} was written with training.seed = {}, and goes on with {}: epochs of the data that were begun keep"
                            + " their order, later ones have another",
                    folder, progress.seed(), config.training().seed());
        } else if (progress.seed() != config.training().seed()) {
            log.warn(
                    "{} was written with training.seed = {}, and goes on with {}: in another order of the data, of which"
                            + " some is read twice and some not at all; set the seed to {} for the same order",
                    folder,
                    progress.seed(), config.training().seed(), progress.seed());
        }
        if (progress.data().isEmpty()) {
            return progress.sequences();
        }
        Progress.Data before = progress.data().get();
        Progress.Data now = data(config);
        // If the checkpoint has a position of the data, the files themselves are compared instead.
        if (progress.position().isEmpty() && !before.path().equals(now.path())) {
            log.warn("{} was written with data.path = \"{}\", and goes on with \"{}\": unless that is the same data, it"
                    + " begins in the middle, after {} sequences", folder, before.path(), now.path(),
                    progress.sequences());
        }
        long sequencesBefore = (long) before.localBatchSize() * progress.ranks();
        long sequencesNow = (long) now.localBatchSize() * config.ranks();
        if (sequencesBefore != sequencesNow) {
            log.warn("{} was written with {} sequences a step, and goes on with {}: the data goes on where it was",
                    folder, sequencesBefore, sequencesNow);
        }
        if (before.sequenceTokens() == now.sequenceTokens()) {
            return progress.sequences();
        }
        long sequences = converted(progress.sequences(), before.sequenceTokens(), now.sequenceTokens());
        log.warn("{} was written with training.seq_len = {}, and goes on with {}: {} sequences were read, which are as"
                + " many tokens as {} of the new length. Sequences of another length have another order: near this"
                + " place some text is read twice and some not at all", folder, before.sequenceTokens(),
                now.sequenceTokens(), progress.sequences(), sequences);
        return sequences;
    }

    /** The data of a run of this configuration. */
    static Progress.Data data(TrainerConfig config) {
        return new Progress.Data(config.training().seqLen(),
                config.training().localBatchSize() * config.microbatches(), path(config));
    }

    /** The paths of the data, for messages. */
    private static String path(TrainerConfig config) {
        return config.data().sources().isEmpty() ? config.data().path().map(Path::toString).orElse("")
                : config.data().sources().entrySet().stream()
                        .map(entry -> entry.getKey() + ": " + entry.getValue().path().map(Path::toString).orElse(""))
                        .collect(Collectors.joining(", "));
    }

    /** A sequence of n tokens takes n + 1 tokens of the data: the last one is only a label. */
    private static long converted(long sequences, long from, long to) {
        return BigInteger.valueOf(sequences).multiply(BigInteger.valueOf(from + 1))
                .divide(BigInteger.valueOf(to + 1)).min(BigInteger.valueOf(Long.MAX_VALUE)).longValue();
    }

    private static Path normal(Path path) {
        return path.toAbsolutePath().normalize();
    }
}
