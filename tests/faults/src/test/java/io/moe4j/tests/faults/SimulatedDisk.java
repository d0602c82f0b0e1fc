package io.moe4j.tests.faults;

import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk whose operations are counted. They are done on the real disk, and recorded, so that {@link DiskState} can compute what a power cut after each of
 * them would have left. An operation can be made to fail, or to be the last one.
 */
final class SimulatedDisk implements FileOperations {
    private final FileOperations real = FileOperations.disk();
    private final List<Operation> done = new ArrayList<>();
    private final Fault fault;
    private int next;

    /** The recorded operations, in order. */
    sealed interface Operation {
        record Create(Path path) implements Operation {}

        record Write(Path path, long position, byte[] bytes) implements Operation {}

        record ForceFile(Path path) implements Operation {}

        record MakeFolder(Path path) implements Operation {}

        record Rename(Path from, Path to) implements Operation {}

        record Delete(Path path) implements Operation {}

        record ForceFolder(Path path) implements Operation {}

        /** Stands for an operation that a test's disk leaves out. */
        record Nothing() implements Operation {}
    }

    /** Decides which operations fail. */
    @FunctionalInterface
    interface Fault {
        /** Throws if operation {@code index}, from 0, must fail; the operation is then not done. */
        void at(int index, Operation operation) throws IOException;
    }

    /** The process was killed: it makes no further operations. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;

        Killed(int index) {
            super("killed before operation " + index);
        }
    }

    SimulatedDisk(Fault fault) {
        this.fault = fault;
    }

    /** Nothing fails. */
    static SimulatedDisk sound() {
        return new SimulatedDisk((index, operation) -> {});
    }

    /** The process is killed before operation {@code last}. */
    static SimulatedDisk killedBefore(int last) {
        return new SimulatedDisk((index, operation) -> {
            if (index >= last) {
                throw new Killed(index);
            }
        });
    }

    List<Operation> done() {
        return List.copyOf(done);
    }

    /** The number of operations, including those that failed. */
    synchronized int seen() {
        return next;
    }

    @Override
    public RandomAccessOutput create(Path file) throws IOException {
        begin(new Operation.Create(file));
        RandomAccessOutput output = real.create(file);
        return new RandomAccessOutput() {
            @Override
            public void write(ByteBuffer bytes, long position) throws IOException {
                byte[] copy = new byte[bytes.remaining()];
                bytes.duplicate().get(copy);
                begin(new Operation.Write(file, position, copy));
                output.write(bytes, position);
            }

            @Override
            public void force() throws IOException {
                // Forcing the real disk would only cost time.
                begin(new Operation.ForceFile(file));
            }

            @Override
            public void close() throws IOException {
                output.close();
            }
        };
    }

    @Override
    public void makeFolder(Path folder) throws IOException {
        begin(new Operation.MakeFolder(folder));
        real.makeFolder(folder);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        begin(new Operation.Rename(from, to));
        real.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        begin(new Operation.Delete(path));
        real.delete(path);
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        begin(new Operation.ForceFolder(folder));
    }

    private synchronized void begin(Operation operation) throws IOException {
        fault.at(next++, operation);
        done.add(operation);
    }
}
