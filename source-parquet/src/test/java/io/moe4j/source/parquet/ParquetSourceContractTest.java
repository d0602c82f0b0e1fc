package io.moe4j.source.parquet;

import io.moe4j.api.text.SourceProvider;
import io.moe4j.tests.contract.SourceContract;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Files of PyArrow 25 with the texts of the kit. */
class ParquetSourceContractTest extends SourceContract {

    @Override
    protected SourceProvider provider() {
        return new ParquetSourceProvider();
    }

    @Override
    protected String fileName() {
        return "x.parquet";
    }

    @Override
    protected byte[] file(List<String> texts) {
        return resource(texts.isEmpty() ? "empty.parquet" : "contract.parquet");
    }

    @Override
    protected Optional<byte[]> fileWithABadLine(String before, String after) {
        return Optional.of(resource("contract-null.parquet"));
    }

    private static byte[] resource(String name) {
        try (InputStream in = ParquetSourceContractTest.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
