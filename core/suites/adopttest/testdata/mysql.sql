CREATE TABLE `account` (
  `id` varchar(36) NOT NULL,
  `accountId` text NOT NULL,
  `providerId` text NOT NULL,
  `userId` varchar(36) NOT NULL,
  `accessToken` text DEFAULT NULL,
  `refreshToken` text DEFAULT NULL,
  `idToken` text DEFAULT NULL,
  `accessTokenExpiresAt` timestamp(3) NULL DEFAULT NULL,
  `refreshTokenExpiresAt` timestamp(3) NULL DEFAULT NULL,
  `scope` text DEFAULT NULL,
  `password` text DEFAULT NULL,
  `createdAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  `updatedAt` timestamp(3) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `account_userId_idx` (`userId`),
  CONSTRAINT `account_ibfk_1` FOREIGN KEY (`userId`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `account` VALUES ('qyL00dVkwls5PFVXiPcHsS6uAS976bK0','H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3','credential','H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3',NULL,NULL,NULL,NULL,NULL,NULL,'488fa0f437a961a83adf4eec5138effd:cdbb32b4393fa2101d7fa0468b4f42c59185c6187f48e88766f9afce0ae357232262f653495b62a914291ab7e4659e35a7cda9afe75e4e43360785de16e18404','2026-11-26 19:41:35.564','2026-11-26 19:41:35.564');
CREATE TABLE `rateLimit` (
  `id` varchar(36) NOT NULL,
  `key` varchar(255) NOT NULL,
  `count` int(11) NOT NULL,
  `lastRequest` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `key` (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `rateLimit` VALUES ('PcD7YyRLlbUHDnqk1Xnp7AcdMhWspQL3','k',1,1767268800000);
CREATE TABLE `session` (
  `id` varchar(36) NOT NULL,
  `expiresAt` timestamp(3) NOT NULL,
  `token` varchar(255) NOT NULL,
  `createdAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  `updatedAt` timestamp(3) NOT NULL,
  `ipAddress` text DEFAULT NULL,
  `userAgent` text DEFAULT NULL,
  `userId` varchar(36) NOT NULL,
  `impersonatedBy` text DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `token` (`token`),
  KEY `session_userId_idx` (`userId`),
  CONSTRAINT `session_ibfk_1` FOREIGN KEY (`userId`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `session` VALUES ('CZn3Fgoo0QKBzolKIDQ2TjdxSuXQo1qD','2026-12-03 19:41:36.193','rTZNoegsihlynCC8JXAMgjksuPBjZuLM','2026-11-26 19:41:36.193','2026-11-26 19:41:36.193','','','H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3',NULL);
INSERT INTO `session` VALUES ('UOxbV2OKJw4T1eOMCJOX4oqUmeF2FWs2','2026-12-03 19:41:35.604','lJhMZYBhzVLPL2wVeBnDswaWBybcc62a','2026-11-26 19:41:35.604','2026-11-26 19:41:35.604','','','H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3',NULL);
CREATE TABLE `user` (
  `id` varchar(36) NOT NULL,
  `name` varchar(255) NOT NULL,
  `email` varchar(255) NOT NULL,
  `emailVerified` tinyint(1) NOT NULL,
  `image` text DEFAULT NULL,
  `createdAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  `updatedAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  `role` text DEFAULT NULL,
  `banned` tinyint(1) DEFAULT NULL,
  `banReason` text DEFAULT NULL,
  `banExpires` timestamp(3) NULL DEFAULT NULL,
  `tags` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`tags`)),
  `scores` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`scores`)),
  `prefs` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`prefs`)),
  `height` int(11) DEFAULT NULL,
  `serial` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `email` (`email`),
  UNIQUE KEY `serial` (`serial`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `user` VALUES ('H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3','Ada','ada@example.com',0,NULL,'2026-11-26 19:41:35.527','2026-11-26 19:41:35.527','user',0,NULL,NULL,'[\"a\",\"b<c>\"]','[1,2.5]','{\"theme\":\"dark\"}',175,9007199254740991);
CREATE TABLE `verification` (
  `id` varchar(36) NOT NULL,
  `identifier` varchar(255) NOT NULL,
  `value` text NOT NULL,
  `expiresAt` timestamp(3) NOT NULL,
  `createdAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  `updatedAt` timestamp(3) NOT NULL DEFAULT current_timestamp(3),
  PRIMARY KEY (`id`),
  KEY `verification_identifier_idx` (`identifier`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `verification` VALUES ('FlXLp5AMoKLkmfBhiGraA1UpyqBtQgS5','reset-password:3mY2dS2oPJ6RdWTJ1dzKZA4h','H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3','2026-11-26 20:41:36.388','2026-11-26 19:41:36.389','2026-11-26 19:41:36.389');
