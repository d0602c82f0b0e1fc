package io.moe4j.source.parquet;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import java.io.IOException;

/**
 * {@code parquet}: each row is a document, in a column of strings.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ParquetSourceProvider implements SourceProvider {

    /** For the service loader. */
    public ParquetSourceProvider() {}

    @Override
    public String id() {
        return "parquet";
    }

    @Override
    public String spiVersion() {
        return SourceProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Parquet: a document in each row of a column of strings, or of messages; snappy, gzip, zstd or uncompressed";
    }

    @Override
    public Availability probe() {
        return new Availability.Available();
    }

    @Override
    public boolean reads(String name) {
        return name.endsWith(".parquet");
    }

    @Override
    public boolean readsMessages() {
        return true;
    }

    @Override
    public DocumentReader open(ReadRequest request) throws IOException {
        return ParquetDocuments.open(request);
    }
}
