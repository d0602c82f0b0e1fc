package io.moe4j.data;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadLog;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import io.moe4j.tests.contract.Planted;
import io.moe4j.tests.contract.SourceContract;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.ThrowingConsumer;
import org.junit.jupiter.api.io.TempDir;

/** The kit of formats finds one that is not what it says, by an assertion and for the right reason. */
class SourceKitIsNotVacuousTest {
    private static final SourceProvider REAL = new JsonSourceProvider();

    @TempDir
    private Path folder;

    @Test
    void findsAProviderOfAnotherVersionAndOneThatReadsEverything() {
        finds("another version", "COMPATIBLE",
                provider((method, arguments) -> method.equals("spiVersion") ? "99.0" : CALL),
                SourceContract::providerIsWellBehaved);
        finds("reads everything", "others may want to", provider((method, arguments) -> method.equals("reads") ? true
                : CALL), SourceContract::providerIsWellBehaved);
    }

    @Test
    void findsTextsThatAreChangedOrMissing() {
        finds("trims texts", "texts of a file", documents(document -> text(document).map(String::strip)),
                SourceContract::textsComeBack);
        finds("cuts long texts", "texts of a file",
                documents(document -> text(document).map(text -> text.substring(0, Math.min(text.length(), 1 << 16)))),
                SourceContract::textsComeBack);
        finds("leaves empty texts out", "texts of a file", reader((reader, method) -> {
            if (!method.equals("next")) {
                return CALL;
            }
            Optional<String> text = next(reader).flatMap(SourceKitIsNotVacuousTest::text);
            while (text.isPresent() && text.get().isEmpty()) {
                text = next(reader).flatMap(SourceKitIsNotVacuousTest::text);
            }
            return text.map(SourceKitIsNotVacuousTest::document);
        }), SourceContract::textsComeBack);
    }

    @Test
    void findsPositionsThatDoNotHold() {
        finds("begins anew", "the position of a reader|texts from position",
                requests(request -> request.withPosition("")),
                SourceContract::positionsGoOn);
        finds("has one position", "the position of a reader|must have 1 to",
                reader((reader, method) -> method.equals("position") ? "" : CALL), SourceContract::positionsGoOn);
        finds("takes any position", "position \"",
                requests(request -> request.position().matches("[0-9]+:[0-9]+:[01]") ? request
                        : request.withPosition("")),
                SourceContract::wrongPositionsAreRefused);
    }

    @Test
    void findsBadLinesThatAreNotTold() {
        ReadLog deaf = new Reading(CorpusOptions.DEFAULT.withBadLines(BadLines.SKIP), false);
        finds("tells no bad line", "bad lines that were told",
                requests(request -> new ReadRequest(request.input(), request.position(), request.textField(),
                        request.promptField(), Optional.empty(), deaf)),
                SourceContract::badLinesAreTold);
    }

    @Test
    void findsReadersThatShare() {
        AtomicInteger documents = new AtomicInteger();
        finds("counts for all readers", "no value present|reader",
                reader((reader, method) -> method.equals("next") && documents.incrementAndGet() % 5 == 0 ? Optional.of(
                        Document.of(new ByteArrayInputStream(new byte[] {'x'}))) : CALL),
                SourceContract::readersAreIndependent);
    }

    private static SourceProvider provider(BiFunction<String, Object[], Object> answer) {
        return Planted.instead(SourceProvider.class, REAL, answer);
    }

    private static SourceProvider requests(UnaryOperator<ReadRequest> change) {
        return provider((method, arguments) -> {
            try {
                return method.equals("open") ? REAL.open(change.apply((ReadRequest) arguments[0])) : CALL;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static SourceProvider reader(BiFunction<DocumentReader, String, Object> answer) {
        return provider((method, arguments) -> {
            try {
                if (!method.equals("open")) {
                    return CALL;
                }
                DocumentReader real = REAL.open((ReadRequest) arguments[0]);
                return Planted.instead(DocumentReader.class, real, (call, any) -> answer.apply(real, call));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static SourceProvider documents(Function<Document, Optional<String>> change) {
        return reader((reader, method) -> method.equals("next") ? next(reader).map(document -> change.apply(document)
                .map(SourceKitIsNotVacuousTest::document).orElseThrow()) : CALL);
    }

    private static Optional<Document> next(DocumentReader reader) {
        try {
            return reader.next();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Document document(String text) {
        return Document.of(new ByteArrayInputStream(Texts.bytes(text)));
    }

    private static Optional<String> text(Document document) {
        try {
            return Optional.of(new String(document.text().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void finds(String fault, String reason, SourceProvider provider, ThrowingConsumer<SourceContract> test) {
        Planted.isFound(fault, reason, () -> {
            SourceContract kit = new JsonSourceContractTest() {
                @Override
                protected SourceProvider provider() {
                    return provider;
                }

                @Override
                protected Path folder() {
                    return folder;
                }
            };
            return Planted.failures(() -> test.accept(kit));
        });
    }
}
