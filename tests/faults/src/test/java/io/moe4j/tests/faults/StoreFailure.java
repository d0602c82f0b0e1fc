package io.moe4j.tests.faults;

import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.ForwardingFileOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * The disk is full for a while, or an operation fails, and the run goes on.
 *
 * @param full whether everything that needs space fails for a while; otherwise one operation of any sort
 * @param told control if false: the disk does not report that a write failed
 */
record StoreFailure(boolean full, boolean told) implements FaultKind {

    @Override
    public String name() {
        return full ? "full disk" : "disk that fails";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        Path root = folder.resolve("run");
        List<Saved> wanted = StoreRun.choose(random, true);
        int kept = 1 + random.nextInt(2);
        int all = StoreRun.record(folder.resolve("sound"), wanted, kept).operations().size();
        int first = random.nextInt(all);
        int last = full ? first + random.nextInt(60) : first;
        String reason = full ? "No space left on device" : "Input/output error";
        String injected = reason + " at operations " + first + " to " + last + " of about " + all + ", " + kept
                + " kept";
        SimulatedDisk disk = new SimulatedDisk((index, operation) -> {
            boolean needsSpace = operation instanceof Operation.Write || operation instanceof Operation.Create
                    || operation instanceof Operation.MakeFolder;
            if (told && index >= first && index <= last && (needsSpace || !full)) {
                throw new IOException(reason);
            }
        });
        Files.createDirectory(root);
        Path checkpoints = root.resolve(StoreRun.CHECKPOINTS);
        CheckpointStore store = new CheckpointStore(checkpoints, told ? disk : new Silent(disk, first, last));
        Optional<Saved> reported = Optional.empty();
        for (Saved each : wanted) {
            try {
                each.save(store);
                reported = Optional.of(each);
            } catch (IOException | UncheckedIOException e) {
                String text = ClearText.of(e);
                // The folder above the run's is forced as well.
                Optional<String> flaw = text.contains(reason) ? ClearText.flaw(text, List.of(folder.toString()))
                        : Optional.of("the cause is not told: " + text);
                if (flaw.isPresent()) {
                    return Verdict.unclear(injected, flaw.get());
                }
            }
            store.keepLatest(kept);
        }
        // A checkpoint whose last force failed is in place too.
        int from = reported.map(wanted::indexOf).orElse(0);
        return new StoreJudge(injected, reported, wanted.subList(from, wanted.size())).judge(checkpoints);
    }

    /** A disk on which tensors become zeros, without an error. */
    private static final class Silent extends ForwardingFileOperations {
        private final SimulatedDisk disk;
        private final int first;
        private final int last;

        Silent(SimulatedDisk disk, int first, int last) {
            super(disk);
            this.disk = disk;
            this.first = first;
            this.last = last;
        }

        @Override
        public RandomAccessOutput create(Path file) throws IOException {
            RandomAccessOutput output = disk.create(file);
            boolean tensors = file.toString().endsWith(".shard");
            return new RandomAccessOutput() {
                @Override
                public void write(ByteBuffer bytes, long position) throws IOException {
                    boolean fails = tensors && disk.seen() >= first && disk.seen() <= last;
                    output.write(fails ? ByteBuffer.allocate(bytes.remaining()) : bytes, position);
                }

                @Override
                public void force() throws IOException {
                    output.force();
                }

                @Override
                public void close() throws IOException {
                    output.close();
                }
            };
        }
    }
}
