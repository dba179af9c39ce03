// Package mongotest is a test double of a MongoDB server: it speaks the wire
// protocol on a local port and keeps documents in memory, so that the adapter's
// tests run where no server can be installed. It is for tests only.
//
// It has the features that the adapter uses, checked as strictly as a server does:
//
//   - OP_MSG, and OP_QUERY for the first handshake; no authentication, TLS or
//     compression.
//   - hello, ping, find, getMore, killCursors, aggregate, insert, update, delete,
//     findAndModify, create, listCollections, createIndexes, listIndexes,
//     dropDatabase, endSessions, commitTransaction, abortTransaction.
//   - In filters $and, $or, $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists,
//     $type and $regex. Comparisons stay within a type, null equals absent, and
//     an array matches by its elements, as in MongoDB.
//   - In updates $set, $unset, $inc, $max and $setOnInsert. An update that changes
//     nothing writes nothing and locks nothing.
//   - In pipelines $match, $sort, $skip, $limit, $count, $group that counts,
//     $project of whole fields and $lookup with localField, foreignField and a
//     pipeline.
//   - Unique indexes, with partialFilterExpression; duplicates are error 11000.
//   - Transactions see the state at their first command. A transaction that writes a
//     document which another has written since, or is about to, fails with
//     WriteConflict and the label TransientTransactionError. A write outside waits for
//     the transaction. Any error ends a transaction.
//
// Everything else is refused with an error, so that a test cannot pass by luck.
//
// Its limits: it is one node, so it shows nothing about elections, replication, write
// and read concerns, retried writes and lost connections. Indexes enforce keys but
// speed up nothing, so it shows nothing about query plans. Regular expressions are
// Go's, which agree with PCRE on the patterns that the adapter writes. Dotted paths,
// collations, size limits of documents and time limits of commands do not exist.
package mongotest
