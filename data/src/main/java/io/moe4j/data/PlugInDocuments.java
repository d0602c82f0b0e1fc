package io.moe4j.data;

import io.moe4j.api.spi.Asking;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The documents of a file as a plug-in reads them. An unexpected exception of the plug-in, such as a NullPointerException, is reported with the plug-in and
 * the file; intended refusals pass unchanged. The temporary copy of the file, if there is one, is removed when the reader is closed.
 */
final class PlugInDocuments implements DocumentReader {
    private final SourceProvider provider;
    private final UnpackedInput input;
    private final DocumentReader opened;

    private PlugInDocuments(SourceProvider provider, UnpackedInput input, DocumentReader opened) {
        this.provider = provider;
        this.input = input;
        this.opened = opened;
    }

    /** Opens a file; the plug-in gets {@code request}, which is of {@code input}. */
    static DocumentReader open(SourceProvider provider, UnpackedInput input, ReadRequest request) throws IOException {
        try {
            return new PlugInDocuments(provider, input,
                    called(provider, input, "open", () -> provider.open(request)));
        } catch (IOException | RuntimeException e) {
            input.removeCopy();
            throw e;
        }
    }

    @Override
    public Optional<Document> next() throws IOException {
        return called("next", opened::next);
    }

    @Override
    public String position() {
        return asked("position", opened::position);
    }

    @Override
    public String where() {
        return asked("where", opened::where);
    }

    @Override
    public void checkHead() throws IOException {
        called("checkHead", () -> {
            opened.checkHead();
            return true;
        });
    }

    @Override
    public void close() throws IOException {
        try {
            called("close", () -> {
                opened.close();
                return true;
            });
        } finally {
            input.removeCopy();
        }
    }

    private <T> T called(String method, Reading<T> call) throws IOException {
        return called(provider, input, "DocumentReader." + method, call);
    }

    private String asked(String method, Supplier<String> question) {
        try {
            return called(method, question::get);
        } catch (IOException e) {
            throw new IllegalStateException(method + " reads nothing", e);
        }
    }

    private static <T> T called(SourceProvider provider, UnpackedInput input, String method, Reading<T> call)
            throws IOException {
        String failed = input.shownName() + ": " + Asking.failed(provider, method);
        T answer;
        try {
            answer = call.read();
        } catch (RuntimeException e) {
            throw Asking.failure(provider, failed, e);
        }
        if (answer == null) {
            throw new IllegalStateException(failed + ": it returned null" + Asking.report(provider));
        }
        return answer;
    }

    /** Asks the plug-in, which may read the file. */
    @FunctionalInterface
    private interface Reading<T> {
        @Nullable
        T read() throws IOException;
    }
}
