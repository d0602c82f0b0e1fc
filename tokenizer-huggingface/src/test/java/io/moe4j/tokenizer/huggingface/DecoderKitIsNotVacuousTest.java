package io.moe4j.tokenizer.huggingface;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.tests.contract.Planted;
import io.moe4j.tests.contract.TokenizerContract;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.ThrowingConsumer;

/** The kit of tokenizers finds decoders, files and identities that are wrong. Each fault is planted into Hugging Face's tokenizer of bytes. */
class DecoderKitIsNotVacuousTest {

    @Test
    void withoutAFaultNothingIsFound() throws Throwable {
        List<ThrowingConsumer<TokenizerContract>> all = List.of(TokenizerContract::textComesAsItGrows,
                TokenizerContract::textsMayBeReadInTurns, TokenizerContract::filesMakeTheSameTokenizer,
                TokenizerContract::theEndTokenIsPartOfTheIdentity);
        for (ThrowingConsumer<TokenizerContract> each : all) {
            on((real, method) -> CALL, each);
        }
    }

    @Test
    void findsTextThatComesAtTheEndOnly() {
        finds("gives all at the end", "characters were held back", decoder(real -> new Changed(real) {
            private final StringBuilder text = new StringBuilder();

            @Override
            public String next(int id) {
                text.append(super.next(id));
                return "";
            }

            @Override
            public String end() {
                String all = text.append(super.end()).toString();
                text.setLength(0);
                return all;
            }
        }), TokenizerContract::textComesAsItGrows);
    }

    @Test
    void findsHalfOfASurrogatePair() {
        finds("gives one char after another", "half of a surrogate pair", decoder(real -> new Changed(real) {
            private final ArrayDeque<Character> waiting = new ArrayDeque<>();

            @Override
            public String next(int id) {
                super.next(id).chars().forEach(each -> waiting.add((char) each));
                return waiting.isEmpty() ? "" : String.valueOf(waiting.remove());
            }

            @Override
            public String end() {
                StringBuilder rest = new StringBuilder();
                waiting.forEach(rest::append);
                waiting.clear();
                return rest.append(super.end()).toString();
            }
        }), TokenizerContract::textComesAsItGrows);
    }

    @Test
    void findsAnIncompleteCharacterThatIsLost() {
        finds("drops what is held back", "an incomplete character is U\\+FFFD", decoder(real -> new Changed(real) {
            @Override
            public String end() {
                return super.end().replace("\uFFFD", "");
            }
        }), TokenizerContract::textComesAsItGrows);
    }

    @Test
    void findsADecoderThatIsNotAsNew() {
        finds("goes on after an incomplete character", "the text that ends early|after others that ended early",
                decoder(real -> new Changed(real) {
                    private String rest = "";

                    @Override
                    public String next(int id) {
                        String before = rest;
                        rest = "";
                        return before + super.next(id);
                    }

                    @Override
                    public String end() {
                        String end = super.end();
                        rest = end.contains("\uFFFD") ? end : "";
                        return end;
                    }
                }), TokenizerContract::textComesAsItGrows);
    }

    @Test
    void findsADecoderThatAllShare() {
        Optional<?>[] shared = {Optional.empty()};
        finds("one decoder for all", "one of two decoders", (real, method) -> {
            if (!method.equals("decoder")) {
                return CALL;
            }
            shared[0] = shared[0].isPresent() ? shared[0] : real.decoder();
            return shared[0];
        }, TokenizerContract::textComesAsItGrows);
    }

    @Test
    void findsTextsThatShareABuffer() {
        Tokenizer.Tokens[] last = new Tokenizer.Tokens[1];
        Planted.isFound("one buffer for a thread", "read in turns", () -> Planted.failures(() -> on(
                Planted.instead(TokenizerProvider.class, new HuggingFaceTokenizerProvider(), (name, arguments) -> name
                        .equals("open")
                                ? Planted.instead(Tokenizer.class, real((TokenizerSource) arguments[0]),
                                        (method, given) -> {
                                            if (!method.equals("tokens")) {
                                                return CALL;
                                            }
                                            last[0] = real((TokenizerSource) arguments[0])
                                                    .tokens((InputStream) given[0]);
                                            return (Tokenizer.Tokens) (target, from, count) -> last[0].read(target,
                                                    from, count);
                                        })
                                : CALL),
                TokenizerContract::textsMayBeReadInTurns)));
    }

    @Test
    void findsFilesThatAreMissing() {
        finds("names a file of another tokenizer", "of a copy of", (real, method) -> method.equals("files")
                ? List.of(Texts.tokenizer("unigram"))
                : CALL, TokenizerContract::filesMakeTheSameTokenizer);
    }

    @Test
    void findsAnIdentityWithoutTheEndToken() {
        finds("identity is that of the file", "identity, with another end of documents",
                (real, method) -> method.equals("identity") ? "huggingface" : CALL,
                TokenizerContract::theEndTokenIsPartOfTheIdentity);
    }

    private static BiFunction<Tokenizer, String, Object> decoder(
            UnaryOperator<Tokenizer.Decoder> change) {
        return (real, method) -> method.equals("decoder") ? real.decoder().map(change) : CALL;
    }

    private static void finds(String fault, String reason, BiFunction<Tokenizer, String, Object> answer,
            ThrowingConsumer<TokenizerContract> test) {
        Supplier<List<Throwable>> failures = () -> Planted.failures(() -> on(answer, test));
        Planted.isFound(fault, reason, failures);
    }

    private static Tokenizer real(TokenizerSource source) {
        return new HuggingFaceTokenizerProvider().open(source);
    }

    private static void on(BiFunction<Tokenizer, String, Object> answer, ThrowingConsumer<TokenizerContract> test)
            throws Throwable {
        on(Planted.instead(TokenizerProvider.class, new HuggingFaceTokenizerProvider(), (name, arguments) -> {
            if (!name.equals("open")) {
                return CALL;
            }
            Tokenizer real = real((TokenizerSource) arguments[0]);
            return Planted.instead(Tokenizer.class, real, (method, any) -> answer.apply(real, method));
        }), test);
    }

    private static void on(TokenizerProvider provider, ThrowingConsumer<TokenizerContract> test) throws Throwable {
        ByteLevelContractTest kit = new ByteLevelContractTest() {
            @Override
            protected TokenizerProvider provider() {
                return provider;
            }
        };
        kit.open();
        try {
            test.accept(kit);
        } finally {
            kit.close();
        }
    }

    /** A decoder, to be changed. */
    private static class Changed implements Tokenizer.Decoder {
        private final Tokenizer.Decoder real;

        Changed(Tokenizer.Decoder real) {
            this.real = real;
        }

        @Override
        public String next(int id) {
            return real.next(id);
        }

        @Override
        public String end() {
            return real.end();
        }
    }
}
