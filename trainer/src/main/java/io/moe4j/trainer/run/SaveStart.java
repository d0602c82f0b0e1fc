package io.moe4j.trainer.run;

import io.moe4j.trainer.checkpoint.CheckpointSave;
import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.checkpoint.SavingProcesses;
import io.moe4j.trainer.checkpoint.StateWriting;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.TrainingSession;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Begins savings of a run, in one of two ways: from copies in the host's memory, or from the devices while the run waits. */
final class SaveStart {
    private final TrainingSession session;
    /** The copies in the host's memory; empty if the run waits instead. */
    private final Optional<List<HostCopy>> copies;

    SaveStart(TrainingSession session) {
        this.session = session;
        List<Optional<HostCopy>> all = session.onRanks(RankSession::hostCopy);
        copies = all.stream().allMatch(Optional::isPresent)
                ? Optional.of(all.stream().flatMap(Optional::stream).toList())
                : Optional.empty();
    }

    /** Whether checkpoints are written while steps go on. */
    boolean isBesideSteps() {
        return copies.isPresent();
    }

    /**
     * Begins a saving. If there are copies, the state is copied when this returns, and the next step may change it.
     *
     * @param earlier the saving before, if it may still remove old checkpoints; its checkpoint is durable
     */
    RunningSave besideSteps(CheckpointStore store, Progress progress, int kept, Optional<RunningSave> earlier) {
        if (copies.isEmpty()) {
            return waiting(store, progress, kept, earlier);
        }
        long begin = System.nanoTime();
        requireEqualCopies(progress.step(), false);
        session.onRanks(rank -> {
            rank.phase().enter("copying the state after step " + progress.step());
            rank.hostCopy().orElseThrow().take();
            return rank;
        });
        List<HostCopy> writing = copies.get().stream().filter(HostCopy::writes).toList();
        int threads = Math.clamp(Runtime.getRuntime().availableProcessors() / 4, 1, Math.max(1, writing.size()));
        return RunningSave.start(save(store, progress, kept), StateWriting.copied(writing, threads), earlier,
                progress.step(), System.nanoTime() - begin);
    }

    /** Begins a saving from the devices: no step may be made before its end. */
    RunningSave waiting(CheckpointStore store, Progress progress, int kept, Optional<RunningSave> earlier) {
        long begin = System.nanoTime();
        requireEqualCopies(progress.step(), true);
        List<RankState> writing = session.onRanks(RankSession::state).stream().filter(RankState::firstReplica)
                .toList();
        Consumer<Consumer<RankState>> onRanks = work -> session.onRanks(rank -> {
            rank.phase().enter("saving the checkpoint of step " + progress.step());
            if (rank.groups().isFirstReplica()) {
                work.accept(rank.state());
            }
            return rank;
        });
        return RunningSave.start(save(store, progress, kept), StateWriting.live(writing, onRanks), earlier,
                progress.step(), System.nanoTime() - begin);
    }

    private CheckpointSave save(CheckpointStore store, Progress progress, int kept) {
        return new CheckpointSave(store, progress, session.launch().localRanks(), processes(session.launch()), kept);
    }

    /** Compares the ranks' copies of equal data, so that a value that is corrupted on one rank is not saved and later loaded by all. */
    private void requireEqualCopies(long step, boolean gathered) {
        session.onRanks(rank -> rank.step().differences(step, gathered)).getFirst().ifPresent(differences -> {
            throw Refusals.disagreement(step, differences);
        });
    }

    private static SavingProcesses processes(RankLaunch launch) {
        return new SavingProcesses() {
            @Override
            public boolean haveFirstRankHere() {
                return launch.hasFirstRank();
            }

            @Override
            public boolean areOne() {
                return launch.isOneProcess();
            }

            @Override
            public List<byte[]> exchange(String key, byte[] mine) {
                return launch.exchange(key, rank -> mine);
            }
        };
    }
}
