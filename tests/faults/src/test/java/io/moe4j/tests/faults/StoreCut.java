package io.moe4j.tests.faults;

import io.moe4j.tests.faults.DiskState.Cut;
import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A power cut or a kill before one of the file operations of a run that saves, replaces and removes checkpoints.
 *
 * @param name name of the kind
 * @param cuts what the disk may have after the cut
 * @param inStart whether the start of the next run is cut again
 * @param disk how the disk does the operations; {@link Disk#SOUND} does them correctly
 */
record StoreCut(String name, List<Cut> cuts, boolean inStart, Disk disk) implements FaultKind {

    /** How a disk does the requested operations. */
    enum Disk {
        SOUND,
        /** Control: forcing does nothing. */
        FORCES_NOTHING,
        /** Control: a checkpoint has its final name from the beginning. */
        NAMES_EARLY
    }

    static StoreCut kill(Disk disk) {
        return new StoreCut("kill at a file operation", List.of(Cut.PROCESS_KILLED), false, disk);
    }

    static StoreCut power(Disk disk) {
        return new StoreCut("power cut at a file operation",
                List.of(Cut.NOTHING_LEFT, Cut.NAMES_LEFT, Cut.SOME_LEFT), false, disk);
    }

    static StoreCut start(Disk disk) {
        return new StoreCut("power cut during the start after a kill",
                List.of(Cut.NOTHING_LEFT, Cut.NAMES_LEFT, Cut.SOME_LEFT), true, disk);
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        Path root = folder.resolve("run");
        int kept = 1 + random.nextInt(2);
        StoreRun run = StoreRun.record(root, StoreRun.choose(random, disk != Disk.NAMES_EARLY), kept);
        List<Operation> operations = run.operations();
        int last = random.nextInt(operations.size() + 1);
        Cut cut = cuts.get(random.nextInt(cuts.size()));
        String injected = cut + " before operation " + last + " of " + operations.size() + " ("
                + (last < operations.size() ? operations.get(last) : "none") + "), " + kept + " kept";
        DiskState state = new DiskState(root);
        state.apply(done(operations.subList(0, last)));
        if (inStart) {
            // The same paths, so that operations that were not forced before the kill are still not forced after the start.
            Trees.remove(root);
            state.leave(Cut.PROCESS_KILLED, random, root);
            SimulatedDisk start = SimulatedDisk.sound();
            new CheckpointStore(root.resolve(StoreRun.CHECKPOINTS), start).sweep();
            List<Operation> started = start.done();
            int second = random.nextInt(started.size() + 1);
            injected = "killed before operation " + last + ", then " + cut + " before operation " + second + " of "
                    + started.size() + " of the start";
            state.apply(done(started.subList(0, second)));
        }
        Path left = Files.createDirectory(folder.resolve("left"));
        state.leave(cut, random, left);
        return new StoreJudge(injected, run.before(last), run.after(last).stream().toList())
                .judge(left.resolve(StoreRun.CHECKPOINTS));
    }

    private List<Operation> done(List<Operation> asked) {
        return switch (disk) {
            case SOUND -> asked;
            // Another operation takes its place, since operations are counted.
            case FORCES_NOTHING -> asked.stream().map(each -> each instanceof Operation.ForceFile
                    || each instanceof Operation.ForceFolder ? new Operation.Nothing() : each).toList();
            case NAMES_EARLY -> asked.stream().map(StoreCut::early).toList();
        };
    }

    /** Writes under the final name from the beginning. */
    private static Operation early(Operation operation) {
        return switch (operation) {
            case Operation.Create(Path path) -> new Operation.Create(early(path));
            case Operation.Write(Path path, long position, byte[] bytes) -> new Operation.Write(early(path), position,
                    bytes);
            case Operation.ForceFile(Path path) -> new Operation.ForceFile(early(path));
            case Operation.MakeFolder(Path path) -> new Operation.MakeFolder(early(path));
            case Operation.Rename(Path from, Path to) -> early(from).equals(to) ? new Operation.Nothing()
                    : new Operation.Rename(from, to);
            case Operation.Delete(Path path) -> operation;
            case Operation.ForceFolder(Path path) -> new Operation.ForceFolder(early(path));
            case Operation.Nothing nothing -> nothing;
        };
    }

    private static Path early(Path path) {
        return Path.of(path.toString().replace(".part", ""));
    }
}
