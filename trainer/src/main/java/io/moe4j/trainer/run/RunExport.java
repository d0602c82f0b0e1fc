package io.moe4j.trainer.run;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.TrainingSession;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the trained model or low-rank updates of a run for other software. They are read from the checkpoint of the run's last step; if there is none, one
 * is saved beside the new folder, and removed when the folder is complete.
 */
final class RunExport {
    private static final Logger log = LoggerFactory.getLogger(RunExport.class);

    private final TrainingSession session;
    private final RunCheckpoints checkpoints;
    private final Registry registry;

    RunExport(TrainingSession session, RunCheckpoints checkpoints, Registry registry) {
        this.session = session;
        this.checkpoints = checkpoints;
        this.registry = registry;
    }

    /**
     * Called in all processes; that of rank 0 writes, and has a result.
     *
     * @param ended whether the run makes no further step: if so, the trained state is saved even if the folder's path has come into use in the meantime
     * @param option of the command {@code export} that writes the same from a checkpoint; may be empty
     */
    Optional<ModelExport.Exported> write(Path folder, Progress now, boolean ended, String option,
            Function<ModelSource, ModelExport.Exported> write) {
        Optional<TrainingRun.Saved> saved = checkpoints.newest().filter(checkpoint -> checkpoint.step() == now.step());
        if (saved.isPresent() || !ended) {
            requireFree(folder);
        }
        Path checkpoint = saved.map(TrainingRun.Saved::folder)
                .orElseGet(() -> checkpoints.save(PassingCheckpoint.folder(folder), now));
        try {
            Optional<ModelExport.Exported> exported = exported(checkpoint, write);
            if (saved.isEmpty()) {
                exported.ifPresent(done -> PassingCheckpoint.remove(checkpoint));
            }
            return exported;
        } catch (RuntimeException e) {
            // A checkpoint that was saved for the export is kept if the export fails: losing the trained weights would be worse than using the disk space.
            log.error(
                    "{} could not be written; what was trained is in {}: make room, and export it with \"moe4j export {}{} {}\"",
                    folder, checkpoint, option.isEmpty() ? "" : option + " ", checkpoint, folder);
            throw e;
        }
    }

    private void requireFree(Path folder) {
        if (session.launch().isOneProcess()) {
            ModelExport.requireFree(folder);
        } else if (session.launch().hasFirstRank()) {
            session.launch().told("preparing the export", () -> {
                ModelExport.requireFree(folder);
                return folder;
            });
        }
    }

    private Optional<ModelExport.Exported> exported(Path checkpoint,
            Function<ModelSource, ModelExport.Exported> write) {
        if (!session.launch().hasFirstRank()) {
            return Optional.empty();
        }
        try (ModelSource source = ModelSource.open(checkpoint, registry)) {
            return Optional.of(write.apply(source));
        }
    }
}
