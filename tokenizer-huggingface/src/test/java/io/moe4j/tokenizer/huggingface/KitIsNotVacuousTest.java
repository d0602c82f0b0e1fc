package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.data.ByteTokenizerProvider;
import io.moe4j.tests.contract.Planted;
import io.moe4j.tests.contract.TokenizerContract;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The kit of tokenizers finds what is wrong, by an assertion and for the right reason. Each fault is planted into the tokenizer of bytes. */
class KitIsNotVacuousTest {

    /** A test of the kit. */
    private interface Kit {
        void run(TokenizerContract contract) throws Exception;
    }

    @Test
    void findsAnIdBeyondTheVocabulary() {
        finds("one id too many", "the id 25[56] is not in", TokenizerContract::idsAreInTheVocabulary, new Broken() {
            @Override
            public int vocabulary() {
                return 255;
            }
        });
    }

    @Test
    void findsTheEndOfATextThatIsSaidTooEarly() {
        finds("stops where the text pauses", "ids of text that arrives byte by byte",
                TokenizerContract::theSameIdsInAnyPieces, new Broken() {
                    @Override
                    public Tokens tokens(InputStream text) {
                        AtomicBoolean begun = new AtomicBoolean();
                        return (target, from, count) -> {
                            byte[] some = new byte[8];
                            int read = text.read(some, 0, Math.min(8, count));
                            // A short read after the first is taken for the end of the text.
                            if (begun.getAndSet(true) && read == 1 && count >= 8 && some[0] == ' ') {
                                return -1;
                            }
                            for (int i = 0; i < read; i++) {
                                target[from + i] = Byte.toUnsignedInt(some[i]);
                            }
                            return read;
                        };
                    }
                });
    }

    @Test
    void findsIdsThatDependOnHowManyAreAskedFor() {
        finds("a mark before each piece", "ids, 1 at once", TokenizerContract::theSameIdsInAnyPieces, new Broken() {
            @Override
            public Tokens tokens(InputStream text) {
                Tokens real = super.tokens(text);
                return (target, from, count) -> {
                    int read = real.read(target, from, count);
                    if (read > 0 && count == 1) {
                        target[from] = 0;
                    }
                    return read;
                };
            }
        });
    }

    @Test
    void findsAnIdWhereNoneWasAskedFor() {
        finds("writes before its place", "whether place 1 was written", TokenizerContract::writesOnlyWhereItIsAsked,
                new Broken() {
                    @Override
                    public Tokens tokens(InputStream text) {
                        Tokens real = super.tokens(text);
                        return (target, from, count) -> {
                            if (from > 0) {
                                target[from - 1] = 0;
                            }
                            return real.read(target, from, count);
                        };
                    }
                });
    }

    @Test
    void findsNoIdsInsteadOfTheEnd() {
        finds("0 at the end", "read\\(\\) says 0", TokenizerContract::theSameIdsInAnyPieces, new Broken() {
            @Override
            public Tokens tokens(InputStream text) {
                Tokens real = super.tokens(text);
                return (target, from, count) -> Math.max(0, real.read(target, from, count));
            }
        });
    }

    @Test
    @SuppressWarnings("ThreadPriorityCheck") // lets the other threads in
    void findsStateThatIsSharedByThreads() {
        finds("one buffer for all", "ids, from several threads", TokenizerContract::threadsDoNotDisturbEachOther,
                new Broken() {
                    private final AtomicInteger users = new AtomicInteger();

                    @Override
                    public Tokens tokens(InputStream text) {
                        Tokens real = super.tokens(text);
                        return (target, from, count) -> {
                            int user = users.incrementAndGet();
                            int read = real.read(target, from, count);
                            Thread.yield();
                            if (users.get() != user && read > 0) {
                                target[from] ^= 1;
                            }
                            return read;
                        };
                    }
                });
    }

    @Test
    void findsAStreamThatIsClosed() {
        finds("closes what is not its own", "the stream was closed", TokenizerContract::theStreamIsTheCallers,
                new Broken() {
                    @Override
                    public Tokens tokens(InputStream text) {
                        Tokens real = super.tokens(text);
                        return (target, from, count) -> {
                            int read = real.read(target, from, count);
                            if (read < 0) {
                                text.close();
                            }
                            return read;
                        };
                    }
                });
    }

    @Test
    void findsAnErrorThatIsSwallowed() {
        finds("an unreadable text is empty", "Expected java.io.IOException to be thrown",
                TokenizerContract::theStreamIsTheCallers, new Broken() {
                    @Override
                    public Tokens tokens(InputStream text) {
                        Tokens real = super.tokens(text);
                        return (target, from, count) -> {
                            try {
                                return real.read(target, from, count);
                            } catch (IOException e) {
                                return -1;
                            }
                        };
                    }
                });
    }

    @Test
    void findsAnIdentityThatChanges() {
        AtomicInteger number = new AtomicInteger();
        finds("another identity each time", "identity of the same tokenizer",
                TokenizerContract::tokenizersAreClosedByThemselves, () -> {
                    int mine = number.incrementAndGet();
                    return new Broken() {
                        @Override
                        public String identity() {
                            return "bytes " + mine;
                        }
                    };
                });
    }

    @Test
    void findsHalfACharacter() {
        finds("gives each byte as a character", "half a character", TokenizerContract::textComesBackIdById,
                new Broken() {
                    @Override
                    public Optional<Decoder> decoder() {
                        return Optional.of(new Decoder() {
                            @Override
                            public String next(int id) {
                                return id < 128 ? Character.toString(id) : "\uFFFD";
                            }

                            @Override
                            public String end() {
                                return "";
                            }
                        });
                    }
                });
    }

    @Test
    void findsTextThatIsLost() {
        finds("keeps what was held back", "text that comes back|decoded a second time",
                TokenizerContract::textComesBackIdById, new Broken() {
                    @Override
                    public Optional<Decoder> decoder() {
                        Decoder real = super.decoder().orElseThrow();
                        return Optional.of(new Decoder() {
                            private String held = "";

                            @Override
                            public String next(int id) {
                                String given = held;
                                held = real.next(id);
                                return given;
                            }

                            @Override
                            public String end() {
                                return real.end();
                            }
                        });
                    }
                });
    }

    @Test
    void findsAnEndTokenThatIsPassedOver() {
        Planted.isFound("any end token will do", "Expected io.moe4j.api.InputException to be thrown",
                () -> Planted.failures(() -> on(source -> new ByteTokenizerProvider().open(Optional.empty()),
                        TokenizerContract::anUnknownEndTokenIsRefused)));
    }

    private static void finds(String fault, String reason, Kit test, Tokenizer broken) {
        finds(fault, reason, test, () -> broken);
    }

    private static void finds(String fault, String reason, Kit test, Supplier<Tokenizer> broken) {
        Planted.isFound(fault, reason, () -> Planted.failures(() -> on(source -> broken.get(), test)));
    }

    private static void on(Function<TokenizerSource, Tokenizer> open, Kit test) throws Exception {
        BytesContractTest kit = new BytesContractTest() {
            @Override
            protected TokenizerProvider provider() {
                return Planted.instead(TokenizerProvider.class, new ByteTokenizerProvider(),
                        (method, arguments) -> method.equals("open") && arguments[0] instanceof TokenizerSource source
                                ? open.apply(source) : Planted.CALL);
            }
        };
        kit.open();
        try {
            test.run(kit);
        } finally {
            kit.close();
        }
    }

    /** The tokenizer of bytes, to be changed. */
    private static class Broken implements Tokenizer {
        private final Tokenizer bytes = new ByteTokenizerProvider().open(Optional.empty());

        @Override
        public int vocabulary() {
            return bytes.vocabulary();
        }

        @Override
        public int endToken() {
            return bytes.endToken();
        }

        @Override
        public String identity() {
            return bytes.identity();
        }

        @Override
        public Tokens tokens(InputStream text) {
            return bytes.tokens(text);
        }

        @Override
        public Optional<Decoder> decoder() {
            return bytes.decoder();
        }
    }
}
