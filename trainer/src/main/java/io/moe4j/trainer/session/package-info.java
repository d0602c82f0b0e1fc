/** Opens everything that the ranks of this JVM need, and closes it in reverse order. */
@NullMarked
package io.moe4j.trainer.session;

import org.jspecify.annotations.NullMarked;
