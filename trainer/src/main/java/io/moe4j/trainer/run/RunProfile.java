package io.moe4j.trainer.run;

import io.moe4j.api.host.FreeSpace;
import io.moe4j.profile.RankSpans;
import io.moe4j.profile.TraceFile;
import io.moe4j.trainer.config.ProfileConfig;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.TrainingSession;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Profiles some steps of a run, and writes one trace of all ranks. */
final class RunProfile {
    private static final Logger log = LoggerFactory.getLogger(RunProfile.class);

    /** The largest message in bytes; processes accept up to 16 MiB. */
    private static final int MOST_BYTES = 8 << 20;

    private final ProfileConfig.Range steps;
    private final TrainingSession session;
    private final Path file;

    private RunProfile(ProfileConfig.Range steps, TrainingSession session, Path file) {
        this.steps = steps;
        this.session = session;
        this.file = file;
    }

    /**
     * The profile of a run; empty if the configuration asks for none.
     *
     * @param output the run's folder; without one, nothing is profiled
     */
    static Optional<RunProfile> of(ProfileConfig config, TrainingSession session, Optional<Path> output) {
        if (config.range().isPresent() && output.isEmpty()) {
            log.warn("profile.steps = {}: nothing is profiled, since the run has no folder for the trace",
                    config.range().get());
        }
        return config.range().flatMap(range -> output
                .map(folder -> new RunProfile(range, session, folder.resolve(fileName(range)))));
    }

    /** The name of the trace in the run's folder. */
    static String fileName(ProfileConfig.Range steps) {
        return "profile-" + steps + ".json";
    }

    /** Called on each rank before a step: begins to record if this is the first step to profile, or the first step of a continued run within those. */
    void beforeStep(RankSession rank, long step) {
        if (!steps.contains(step)) {
            return;
        }
        if (!rank.recorder().isRecording()) {
            // All ranks count time from this moment, because clocks of different machines differ.
            rank.context().rendezvous().exchange(rank.context().world(), "profile begins", new byte[0]);
            rank.recorder().begin(rank.context().stream());
        }
        rank.recorder().step(step);
    }

    /** The message to rank 0. If it is too large for one message, only the first half of the spans is sent, or the first quarter, and so on. */
    private static byte[] fitting(RankSpans mine) {
        byte[] bytes = mine.encode();
        if (bytes.length <= MOST_BYTES) {
            return bytes;
        }
        log.warn(
                "rank {} has recorded {} spans, too many for one message: the trace has the first half; profile fewer steps",
                mine.rank(), mine.spans().size());
        return fitting(new RankSpans(mine.rank(), mine.device(), mine.spans().subList(0, mine.spans().size() / 2)));
    }

    /**
     * Called between steps: writes the trace after the last step that is profiled.
     *
     * @param ends whether the run ends with this step
     * @return the file that was written, in the process of rank 0
     */
    Optional<Path> afterStep(long step, boolean ends) {
        if (!steps.contains(step) || (step < steps.last() && !ends)) {
            return Optional.empty();
        }
        List<RankSpans> ranks = session.onRanks(rank -> {
            rank.phase().enter("profile after step " + step);
            RankSpans mine = new RankSpans(rank.context().rank(), rank.context().device().description(),
                    rank.recorder().end());
            return rank.context().rendezvous().exchange(rank.context().world(), "profile", fitting(mine)).stream()
                    .map(RankSpans::decode).toList();
        }).getFirst();
        if (!session.launch().hasFirstRank()) {
            return Optional.empty();
        }
        ranks.stream().filter(rank -> rank.spans().isEmpty()).findFirst()
                .ifPresent(rank -> log.warn("the profile has no span of rank {}", rank.rank()));
        try {
            TraceFile.write(file, ranks);
            return Optional.of(file);
        } catch (UncheckedIOException e) {
            log.warn(
                    "the profile {} cannot be written ({}); the run goes on without it. Make room, and profile later steps",
                    file, FreeSpace.problem(file, e));
            log.debug("where it failed", e);
            return Optional.empty();
        }
    }
}
