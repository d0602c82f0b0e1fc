/** Training text in Parquet files. */
module io.moe4j.source.parquet {
    requires dev.hardwood.core;
    requires io.moe4j.api;
    requires static transitive org.jspecify;

    provides io.moe4j.api.text.SourceProvider with io.moe4j.source.parquet.ParquetSourceProvider;
}
