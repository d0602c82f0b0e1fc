package io.moe4j.app.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** The process's standard output, which remembers why a write failed: {@code java.io.PrintWriter} tells only that one did. */
final class StandardOutput extends FilterOutputStream {
    /** The message of Linux and macOS if the reader of a pipe has closed it, as {@code head} does. Java has no exception type for this. */
    private static final String BROKEN_PIPE = "Broken pipe";

    private Optional<IOException> failure = Optional.empty();

    StandardOutput(OutputStream out) {
        super(out);
    }

    static StandardOutput open() {
        return new StandardOutput(new FileOutputStream(FileDescriptor.out));
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = Optional.of(e);
            throw e;
        }
    }

    /** Whether the program that read the output has closed it, as in {@code moe4j plan | head -3}. */
    boolean hasReaderEnded() {
        return failure.map(Throwable::getMessage).filter(BROKEN_PIPE::equals).isPresent();
    }
}
