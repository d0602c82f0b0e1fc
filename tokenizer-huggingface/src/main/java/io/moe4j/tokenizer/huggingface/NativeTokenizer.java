package io.moe4j.tokenizer.huggingface;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Hugging Face's tokenizer. A text is encoded as a whole, since where its words end depends on what follows; no special tokens are added around it,
 * but those written in the text are found.
 */
final class NativeTokenizer implements Tokenizer {
    /** One text needs some 100 times its size while it is encoded. */
    private static final int LONGEST = 32 << 20;

    private final TokenizerFile file;
    private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();
    private long handle;

    NativeTokenizer(TokenizerFile file) {
        this.file = file;
        LibUtils.checkStatus();
        try {
            handle = TokenizersLibrary.LIB.createTokenizerFromString(file.json());
        } catch (RuntimeException e) {
            throw new InputException(file.path() + " is no tokenizer: " + Shown.of(e.getMessage()), e);
        }
        TokenizersLibrary.LIB.disableTruncation(handle);
        TokenizersLibrary.LIB.disablePadding(handle);
    }

    @Override
    public int vocabulary() {
        return file.vocabulary();
    }

    @Override
    public int endToken() {
        return file.endToken();
    }

    @Override
    public Tokens tokens(InputStream text) {
        return new Tokens() {
            private long[] ids = new long[0];
            private int next;
            private boolean encoded;

            @Override
            public int read(int[] target, int from, int count) throws IOException {
                if (!encoded) {
                    ids = encode(text);
                    encoded = true;
                }
                int read = Math.min(count, ids.length - next);
                for (int i = 0; i < read; i++) {
                    target[from + i] = Math.toIntExact(ids[next++]);
                }
                return read == 0 ? -1 : read;
            }
        };
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (handle != 0) {
                TokenizersLibrary.LIB.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            open.writeLock().unlock();
        }
    }

    private long[] encode(InputStream text) throws IOException {
        byte[] bytes = text.readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
            throw new IOException("a document has more than " + LONGEST + " bytes, the most that this tokenizer takes at"
                    + " once; split it");
        }
        open.readLock().lock();
        try {
            if (handle == 0) {
                throw new IllegalStateException("the tokenizer " + file.path() + " is closed");
            }
            long encoding = TokenizersLibrary.LIB.encode(handle, new String(bytes, StandardCharsets.UTF_8), false);
            try {
                return TokenizersLibrary.LIB.getTokenIds(encoding);
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding);
            }
        } finally {
            open.readLock().unlock();
        }
    }
}
